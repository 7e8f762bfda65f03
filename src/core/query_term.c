/* SPDX-License-Identifier: MIT */
/* A single term of a filter: the words that `state:` accepts, and how it is released. */
#include "core/query_tree.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"

/* The words that `state:` accepts besides states. */
static const struct {
	const char *word;
	uint32_t flags;
} flag_words[] = {
	{"idle", TASK_IDLE},          {"stuck", TASK_STUCK},     {"long", TASK_LONG},
	{"stale", TASK_STALE},        {"suspect", TASK_SUSPECT}, {"new", TASK_NEW},
	{"leak", TASK_LEAK},          {"gone", TASK_GONE},       {"moved", TASK_MOVED},
	{"proven", TASK_UNREACHABLE},
};

const char *query_flag_word(size_t number)
{
	return number < ARRAY_COUNT(flag_words) ? flag_words[number].word : NULL;
}

void query_suggest_flags(struct suggest *suggest)
{
	for (size_t i = 0; i < ARRAY_COUNT(flag_words); i++)
		suggest_offer(suggest, flag_words[i].word);
}

bool query_state_known(const char *word)
{
	for (int i = 0; i < STATE_COUNT; i++)
		if (strcasestr(state_info((enum task_state)i)->name, word))
			return true;
	for (int i = 0; i < CLASS_COUNT; i++)
		if (strcasestr(state_class_name((enum task_class)i), word))
			return true;
	for (size_t i = 0; i < ARRAY_COUNT(flag_words); i++)
		if (strncasecmp(flag_words[i].word, word, strlen(word)) == 0)
			return true;
	return false;
}

static bool prefix_of(const char *whole, const struct pattern *pattern)
{
	return pattern->length > 1 &&
	       strncasecmp(whole, pattern->text, pattern->length) == 0;
}

/* Sets the flags for words that `state:` accepts besides states. `whole`: ignore words
 * that are still being typed. */
static void term_flags(struct query_term *term, bool whole)
{
	for (size_t i = 0; i < ARRAY_COUNT(flag_words); i++)
		if (whole ? strcasecmp(flag_words[i].word, term->pattern.text) == 0
			  : prefix_of(flag_words[i].word, &term->pattern))
			term->flags |= flag_words[i].flags;
}

void query_term_states(struct query_term *term)
{
	const struct pattern *pattern = &term->pattern;
	bool words = term->field == COLUMN_STATE && pattern->kind != PATTERN_REGEX;
	bool found = false;
	int class = -1;

	if (!term->has_pattern ||
	    (term->field != COLUMN_STATE && term->field != QUERY_ANY))
		return;
	if (words) {
		term_flags(term, true);
		class = state_class_by_name(pattern->text, pattern->length);
	}
	for (int i = 0; i < STATE_COUNT && !term->flags; i++) {
		const struct state_info *info = state_info((enum task_state)i);

		/* The name of a class only selects its states: "lock" does not match
		 * "flock". */
		if (class >= 0)
			term->states[i] = (int)info->class == class;
		else
			term->states[i] =
				pattern_match(pattern, info->name) ||
				(words && pattern->kind == PATTERN_PART &&
				 prefix_of(state_class_name(info->class), pattern));
		found |= term->states[i];
	}
	if (words && pattern->kind == PATTERN_PART && !found && !term->flags)
		term_flags(term, false);
	term->names_state = found || term->flags != 0;
}

void query_term_free(struct query_term *term)
{
	if (!term)
		return;
	if (term->has_pattern)
		pattern_release(&term->pattern);
	free(term->key);
	free(term);
}
