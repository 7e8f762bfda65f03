/* SPDX-License-Identifier: MIT */
/* The stuck rule: thresholds by state, in the notation of users. */
#include "core/stuck.h"

#include <string.h>

#include "base/clock.h"

#define STUCK_TEXT_MAX 64

void stuck_rule_init(struct stuck_rule *rule)
{
	memset(rule, 0, sizeof(*rule));
	for (int i = 0; i < STATE_COUNT; i++) {
		enum task_state state = (enum task_state)i;

		rule->threshold_ns[i] = state_blocks(state) && !state_info(state)->idle
						? STUCK_DEFAULT_NS
						: -1;
	}
}

/* Parses "10s" or "never". offset is the position of the word in the user's text. */
static int stuck_parse_value(const char *word, size_t bytes, int offset, int64_t *ns,
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

static int stuck_apply(struct stuck_rule *rule, const char *name, size_t bytes,
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
		rule->threshold_ns[state] = ns;
		rule->named[state] = true;
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
			rule->threshold_ns[i] = ns;
	}
	return 0;
}

/* Words apply in this order, regardless of their position: the bare duration, classes,
 * states. */
enum stuck_pass { STUCK_BARE, STUCK_CLASSES, STUCK_STATES, STUCK_PASSES };

static int stuck_parse_word(struct stuck_rule *rule, const char *text, const char *word,
			    size_t bytes, enum stuck_pass pass, struct err *e)
{
	const char *equals = memchr(word, '=', bytes);
	size_t name_bytes = equals ? (size_t)(equals - word) : 0;
	const char *value = equals ? equals + 1 : word;
	enum stuck_pass belongs = STUCK_BARE;
	int64_t ns = 0;
	int rc;

	if (equals)
		belongs = state_by_name(word, name_bytes) >= 0 ? STUCK_STATES
							       : STUCK_CLASSES;
	if (belongs != pass)
		return 0;
	rc = stuck_parse_value(value, bytes - (size_t)(value - word), (int)(value - text),
			       &ns, e);
	if (rc < 0)
		return rc;
	if (equals)
		return stuck_apply(rule, word, name_bytes, ns, (int)(word - text), e);
	for (int i = 0; i < STATE_COUNT; i++)
		if (state_blocks((enum task_state)i) &&
		    !state_info((enum task_state)i)->idle)
			rule->threshold_ns[i] = ns;
	return 0;
}

int stuck_rule_parse(struct stuck_rule *rule, const char *text, struct err *e)
{
	struct stuck_rule result;

	stuck_rule_init(&result);
	for (int pass = 0; pass < STUCK_PASSES; pass++) {
		const char *word = text;

		for (;;) {
			size_t bytes = strcspn(word, ",");
			int rc = stuck_parse_word(&result, text, word, bytes,
						  (enum stuck_pass)pass, e);

			if (rc < 0)
				return rc;
			if (word[bytes] == '\0')
				break;
			word += bytes + 1;
		}
	}
	*rule = result;
	return 0;
}

bool stuck_rule_same(const struct stuck_rule *a, const struct stuck_rule *b)
{
	for (int i = 0; i < STATE_COUNT; i++)
		if (a->threshold_ns[i] != b->threshold_ns[i] ||
		    a->named[i] != b->named[i])
			return false;
	return true;
}
