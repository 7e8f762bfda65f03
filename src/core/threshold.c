/* SPDX-License-Identifier: MIT */
/* Parses and compares thresholds. */
#include "core/threshold.h"

#include <string.h>

#include "base/clock.h"

#define STUCK_TEXT_MAX 64

void thresholds_init(struct thresholds *thresholds)
{
	memset(thresholds, 0, sizeof(*thresholds));
	for (int i = 0; i < STATE_COUNT; i++) {
		enum task_state state = (enum task_state)i;

		thresholds->threshold_ns[i] =
			state_blocks(state) && !state_info(state)->idle ? STUCK_DEFAULT_NS
									: -1;
	}
}

/* Parses "10s" or "never". offset is the position of the word in the user's text. */
static int threshold_parse_value(const char *word, size_t bytes, int offset, int64_t *ns,
				 struct err *e)
{
	char text[STUCK_TEXT_MAX];
	struct err inner;

	if (bytes >= sizeof(text))
		return err_at(e, offset, "this duration is too long");
	memcpy(text, word, bytes);
	text[bytes] = '\0';
	if (strcmp(text, "never") == 0) {
		*ns = -1;
		return 0;
	}
	if (clock_parse_duration(text, ns, &inner) < 0)
		return err_at(e, offset + (inner.at > 0 ? inner.at : 0), "%s",
			      inner.text);
	return 0;
}

static int unknown_state(const char *name, size_t bytes, int offset, struct err *e)
{
	int shown = (int)(bytes < 40 ? bytes : 40);
	struct suggest suggest;

	suggest_init(&suggest, name, bytes);
	state_suggest(&suggest);
	if (suggest.best)
		return err_at(e, offset, "unknown state '%.*s'; did you mean %s?", shown,
			      name, suggest.best);
	return err_at(
		e, offset,
		"unknown state '%.*s': write a state such as mutex or chan-send, or "
		"a class such as lock, io or channel",
		shown, name);
}

static int threshold_apply(struct thresholds *thresholds, const char *name, size_t bytes,
			   int64_t ns, int offset, struct err *e)
{
	int state = state_by_name(name, bytes);
	int class = state_class_by_name(name, bytes);

	if (state < 0 && class < 0)
		return unknown_state(name, bytes, offset, e);
	if (state >= 0 && !state_blocks((enum task_state)state))
		return err_at(e, offset,
			      "state '%.*s' cannot be stuck: it does not block",
			      (int)bytes, name);
	if (state >= 0) {
		thresholds->threshold_ns[state] = ns;
		thresholds->named[state] = true;
		return 0;
	}
	if (class == CLASS_RUN || class == CLASS_OTHER)
		return err_at(e, offset,
			      "class '%.*s' cannot be stuck: it does not block",
			      (int)bytes, name);
	/* A class selects those of its states that are not idle. Idle states must be
	 * named. */
	for (int i = 0; i < STATE_COUNT; i++) {
		const struct state_info *info = state_info((enum task_state)i);

		if ((int)info->class == class && state_blocks((enum task_state)i) &&
		    (!info->idle || class == CLASS_TIMER))
			thresholds->threshold_ns[i] = ns;
	}
	return 0;
}

/* Words apply in this order, regardless of their position: the bare duration, classes,
 * states. */
enum threshold_pass {
	THRESHOLD_BARE,
	THRESHOLD_CLASSES,
	THRESHOLD_STATES,
	THRESHOLD_PASSES
};

static int threshold_parse_word(struct thresholds *thresholds, const char *text,
				const char *word, size_t bytes, enum threshold_pass pass,
				struct err *e)
{
	const char *equals = memchr(word, '=', bytes);
	size_t name_bytes = equals ? (size_t)(equals - word) : 0;
	const char *value = equals ? equals + 1 : word;
	enum threshold_pass belongs = THRESHOLD_BARE;
	int64_t ns = 0;
	int rc;

	if (equals)
		belongs = state_by_name(word, name_bytes) >= 0 ? THRESHOLD_STATES
							       : THRESHOLD_CLASSES;
	if (belongs != pass)
		return 0;
	rc = threshold_parse_value(value, bytes - (size_t)(value - word),
				   (int)(value - text), &ns, e);
	if (rc < 0)
		return rc;
	if (equals)
		return threshold_apply(thresholds, word, name_bytes, ns,
				       (int)(word - text), e);
	for (int i = 0; i < STATE_COUNT; i++)
		if (state_blocks((enum task_state)i) &&
		    !state_info((enum task_state)i)->idle)
			thresholds->threshold_ns[i] = ns;
	return 0;
}

int thresholds_parse(struct thresholds *thresholds, const char *text, struct err *e)
{
	struct thresholds result;

	thresholds_init(&result);
	for (int pass = 0; pass < THRESHOLD_PASSES; pass++) {
		const char *word = text;

		for (;;) {
			size_t bytes = strcspn(word, ",");
			int rc = threshold_parse_word(&result, text, word, bytes,
						      (enum threshold_pass)pass, e);

			if (rc < 0)
				return rc;
			if (word[bytes] == '\0')
				break;
			word += bytes + 1;
		}
	}
	*thresholds = result;
	return 0;
}

bool thresholds_same(const struct thresholds *a, const struct thresholds *b)
{
	for (int i = 0; i < STATE_COUNT; i++)
		if (a->threshold_ns[i] != b->threshold_ns[i] ||
		    a->named[i] != b->named[i])
			return false;
	return true;
}
