/* SPDX-License-Identifier: MIT */
/* The lines with a match are found once per version of a view, and looked up with each
 * key and frame. */
#include "tui/search.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/text.h"
#include "tui/lines.h"
#include "tui/state.h"

#define NEAR_LINES 64 /* how far lines above a match are followed */

static struct search *search_of(struct tui *t)
{
	return &t->search[t->view];
}

static const struct search_ops *ops_of(const struct tui *t)
{
	return t->views[t->view]->search;
}

static size_t line_count(struct tui *t)
{
	const struct search_ops *ops = ops_of(t);

	return ops->lines ? ops->lines(t->ctx[t->view])->count
			  : ops->count(t, t->ctx[t->view]);
}

static bool line_has(struct tui *t, size_t line, const struct pattern *pattern)
{
	const struct search_ops *ops = ops_of(t);

	if (ops->has)
		return ops->has(t, t->ctx[t->view], line, pattern);
	return lines_have(ops->lines(t->ctx[t->view]), line, pattern);
}

static size_t line_now(struct tui *t)
{
	const struct search_ops *ops = ops_of(t);
	const struct search *s = search_of(t);

	if (ops->no_cursor && s->landed)
		return s->line;
	return ops->lines ? ops->lines(t->ctx[t->view])->at : ops->at(t, t->ctx[t->view]);
}

static void go_to(struct tui *t, size_t line)
{
	const struct search_ops *ops = ops_of(t);

	if (ops->lines)
		lines_move_to(ops->lines(t->ctx[t->view]), (long)line);
	else
		ops->go(t, t->ctx[t->view], line);
}

static uint64_t key_of(struct tui *t, size_t line)
{
	const struct search_ops *ops = ops_of(t);

	return ops->key && line < line_count(t) ? ops->key(t, t->ctx[t->view], line)
						: line;
}

/* Finds out which lines have the text, unless it is known. */
static void find_all(struct tui *t)
{
	const struct search_ops *ops = ops_of(t);
	struct search *s = search_of(t);
	uint64_t version = ops->version ? ops->version(t, t->ctx[t->view]) : 0;
	size_t count = line_count(t);
	bool same = ops->version && s->known_version == version && s->nr_found == count;

	if (same && s->known_generation == s->generation)
		return;
	/* A line without the beginning of a text does not have the text. */
	same &= s->narrower && s->known_generation + 1 == s->generation;
	s->known_version = version;
	s->known_generation = s->generation;
	s->count = 0;
	if (!array_reserve(&s->found, &s->cap_found, count))
		count = 0;
	s->nr_found = count;
	if (ops->begin)
		ops->begin(t, t->ctx[t->view], &s->pattern, same);
	for (size_t line = 0; line < count; line++) {
		s->found[line] =
			(!same || s->found[line]) && line_has(t, line, &s->pattern);
		s->count += s->found[line];
	}
}

/* Goes to the next match from this line on, round the end if need be. */
static bool find_from(struct tui *t, size_t from, int step, bool here)
{
	struct search *s = search_of(t);
	size_t count;

	find_all(t);
	count = s->nr_found;
	for (size_t i = here ? 0 : 1; i < count + !here; i++) {
		size_t line = (from + (step > 0 ? i : count - i % count)) % count;

		if (!s->found[line])
			continue;
		s->round = step > 0 && line < from + !here   ? ", from the top again"
			   : step < 0 && line + !here > from ? ", from the end again"
							     : "";
		s->line = line;
		go_to(t, line);
		s->landed = true;
		return true;
	}
	s->landed = false;
	return false;
}

void search_end(struct search *s)
{
	if (s->on)
		pattern_release(&s->pattern);
	free(s->found);
	s->found = NULL;
	s->nr_found = s->cap_found = s->count = s->number = 0;
	s->on = s->landed = false;
	s->text[0] = '\0';
}

static bool set_text(struct search *s, const char *text, struct err *e)
{
	struct pattern pattern;

	if (s->on && strcmp(s->text, text) == 0)
		return true;
	if (strlen(text) >= sizeof(s->text)) {
		err_set(e, ERR_USAGE, "the text is too long");
		return false;
	}
	if (pattern_init(&pattern, PATTERN_PART, text, strlen(text), e) != 0)
		return false;
	s->narrower = s->on && (s->pattern.fold || !pattern.fold) &&
		      text_starts_with(text, s->text);
	if (s->on)
		pattern_release(&s->pattern);
	s->pattern = pattern;
	snprintf(s->text, sizeof(s->text), "%s", text);
	s->on = true;
	s->generation++;
	s->round = "";
	return true;
}

/* Returns the line where the search began, which may have moved. */
static size_t origin(struct tui *t)
{
	const struct search *s = search_of(t);
	size_t count = line_count(t);

	if (s->from < count && key_of(t, s->from) == s->from_key)
		return s->from;
	for (size_t line = 0; ops_of(t)->key && line < count; line++)
		if (key_of(t, line) == s->from_key)
			return line;
	return s->from < count ? s->from : 0;
}

static void go_back(struct tui *t)
{
	search_of(t)->landed = false;
	if (line_count(t) > 0)
		go_to(t, origin(t));
}

static bool typed(struct tui *t, const char *text, bool accepted, struct err *e)
{
	struct search *s = search_of(t);
	bool again = accepted && text[0] == '\0' && t->searched.count > 0;

	if (again)
		text = t->searched.texts[0];
	if (text[0] == '\0') {
		go_back(t);
		search_end(s);
		return true;
	}
	if (accepted && !again && s->on && s->landed)
		return true;
	if (!set_text(s, text, e))
		return false;
	if (find_from(t, origin(t), 1, !again))
		return true;
	go_back(t);
	err_set(e, ERR_NOTFOUND, "no match");
	return false;
}

static void cancelled(struct tui *t)
{
	go_back(t);
	search_end(search_of(t));
}

static void ask(struct tui *t)
{
	struct search *s = search_of(t);

	s->from = line_now(t);
	s->from_key = key_of(t, s->from);
	search_end(s);
	tui_ask(t, "search: ", "Enter keeps  Esc ends  up and down recall", typed);
	t->prompt_cancelled = cancelled;
	t->prompt.history = &t->searched;
}

bool search_is_on(const struct tui *t)
{
	return t->search[t->view].on;
}

bool search_act(struct tui *t, enum action action)
{
	struct search *s = search_of(t);
	int step = action == ACTION_NEXT_FOUND ? 1 : -1;
	size_t moved = 0;

	if (!ops_of(t))
		return false;
	switch (action) {
	case ACTION_SEARCH:
	case ACTION_SEARCH_ALSO:
		ask(t);
		return true;
	case ACTION_NEXT_FOUND:
	case ACTION_PREVIOUS_FOUND:
		t->message.until_ns = 0; /* it would hide which match this is */
		/* Where nothing shows a line, the first on the screen counts. */
		find_from(t, line_now(t), step,
			  ops_of(t)->no_cursor && !s->landed && step > 0);
		return true;
	case ACTION_BACK:
		if (!s->on)
			return false;
		search_end(s);
		return true;
	default:
		if (key_moves(action, 1, 1, &moved))
			s->landed = false;
		return false;
	}
}

void search_mark(const struct tui *t, bool on)
{
	const struct search *s = &t->search[t->view];

	draw_mark(on && s->on ? &s->pattern : NULL);
}

/* Lines above a match come and go: follow it, if it still is near. */
static void follow_line(struct tui *t, struct search *s)
{
	if (!s->landed || ops_of(t)->key || s->line >= s->nr_found || s->found[s->line] ||
	    line_now(t) != s->line)
		return;
	for (size_t far = 1; far <= NEAR_LINES; far++) {
		size_t line = s->line + far;

		if (line >= s->nr_found || !s->found[line])
			line = s->line - far; /* which may wrap: then it is too large */
		if (line >= s->nr_found || !s->found[line])
			continue;
		s->line = line;
		go_to(t, line);
		t->wake_ns = t->clock_ns;
		return;
	}
}

void search_update(struct tui *t)
{
	struct search *s = search_of(t);
	size_t at;

	s->number = 0;
	s->inside = false;
	if (!s->on || !ops_of(t))
		return;
	find_all(t);
	follow_line(t, s);
	at = line_now(t);
	if (at >= s->nr_found || !s->found[at] || (ops_of(t)->no_cursor && !s->landed))
		return;
	for (size_t line = 0; line <= at; line++)
		s->number += s->found[line];
	s->inside = ops_of(t)->inside &&
		    ops_of(t)->inside(t, t->ctx[t->view], at, &s->pattern);
}

size_t search_line(const struct tui *t)
{
	const struct search *s = &t->search[t->view];

	return s->on && s->landed ? s->line : SIZE_MAX;
}

void search_status(const struct tui *t, char *out, size_t size)
{
	const struct search *s = &t->search[t->view];

	out[0] = '\0';
	if (!s->on)
		return;
	if (s->count == 0)
		snprintf(out, size, "no match");
	else if (s->number > 0)
		snprintf(out, size, "match %zu of %zu%s%s", s->number, s->count,
			 s->inside ? " in folded rows" : "", s->round);
	else
		snprintf(out, size, "%zu match%s", s->count, s->count == 1 ? "" : "es");
}
