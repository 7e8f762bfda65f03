/* SPDX-License-Identifier: MIT */
#include "tui/warnings.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "tui/filters.h"
#include "tui/state.h"

#define LINGER_NS (4 * CLOCK_SECOND_NS)
#define MORE_MAX  32
#define SIGN      "! " /* the key, at the beginning of the line */

static bool is_gone(const struct tui *t, const struct shown_warning *shown)
{
	return shown->over_ns != 0 && t->now_ns - shown->over_ns >= LINGER_NS;
}

/* In a recording, each snapshot is shown as it is. */
static bool may_linger(const struct tui *t, const struct shown_warning *shown)
{
	int64_t mono_ns = t->snapshot ? t->snapshot->mono_ns : 0;

	return t->snapshot && !t->paused && t->state.status != FEED_REPLAY &&
	       (shown->over_ns == 0 || mono_ns - shown->over_ns < LINGER_NS);
}

static const struct warning *find_now(const struct warnings *now,
				      const struct warning *warning)
{
	for (size_t i = 0; i < now->count; i++)
		if (warning_same(&now->list[i], warning))
			return &now->list[i];
	return NULL;
}

static bool is_shown(const struct warnings_line *line, const struct warning *warning)
{
	for (size_t i = 0; i < line->count; i++)
		if (warning_same(&line->list[i].warning, warning))
			return true;
	return false;
}

static bool is_before(const struct warning *a, const struct warning *b)
{
	return a->sure != b->sure ? a->sure : a->kind < b->kind;
}

/* Puts it behind those that are as severe. */
static void insert(struct warnings_line *line, const struct warning *warning)
{
	size_t at = 0;

	if (line->count == WARNINGS_MAX)
		return;
	while (at < line->count && !is_before(warning, &line->list[at].warning))
		at++;
	memmove(&line->list[at + 1], &line->list[at],
		(line->count - at) * sizeof(line->list[0]));
	line->list[at] = (struct shown_warning){.warning = *warning, .x = -1};
	line->count++;
}

void warnings_update(struct tui *t)
{
	struct warnings_line *line = &t->warnings;
	size_t kept = 0;

	line->now.count = line->now.left_out = 0;
	if (t->snapshot)
		warnings_find(&line->now, t->snapshot);
	else
		line->visiting = false;
	for (size_t i = 0; i < line->count; i++) {
		struct shown_warning *shown = &line->list[i];
		const struct warning *now = find_now(&line->now, &shown->warning);

		if (now && now->sure == shown->warning.sure) {
			shown->warning = *now;
			shown->over_ns = 0;
		} else if (!now && may_linger(t, shown)) {
			shown->warning.group = NULL;
			if (shown->over_ns == 0)
				shown->over_ns = t->snapshot->mono_ns;
		} else {
			continue;
		}
		line->list[kept++] = *shown;
	}
	line->count = kept;
	for (size_t i = 0; i < line->now.count; i++)
		if (!is_shown(line, &line->now.list[i]))
			insert(line, &line->now.list[i]);
}

bool warnings_shown(const struct tui *t)
{
	for (size_t i = 0; i < t->warnings.count; i++)
		if (!is_gone(t, &t->warnings.list[i]))
			return true;
	return false;
}

static const char *text_of(const struct shown_warning *shown,
			   char out[WARNING_TEXT_MAX + 8])
{
	snprintf(out, WARNING_TEXT_MAX + 8, "%s%s", shown->warning.text,
		 shown->over_ns != 0 ? ", over" : "");
	return out;
}

static enum role role_of(const struct shown_warning *shown)
{
	return shown->over_ns != 0   ? ROLE_DIM
	       : shown->warning.sure ? ROLE_STUCK
				     : ROLE_WARN;
}

/* Writes "… +2", or nothing. */
static int more_text(const struct tui *t, size_t count, char *out)
{
	out[0] = '\0';
	if (count > 0)
		snprintf(out, MORE_MAX, " %s +%zu", t->ascii ? ".." : "\u2026", count);
	return text_cells(out, MORE_MAX, t->ascii);
}

/* Returns how many warnings are whole, but at least one. */
static size_t count_whole(struct tui *t, const size_t *list, size_t count, int width)
{
	char text[WARNING_TEXT_MAX + 8], more[MORE_MAX];
	int cells = (int)strlen(SIGN);
	size_t whole = 0;

	for (size_t i = 0; i < count; i++) {
		cells += text_cells(text_of(&t->warnings.list[list[i]], text), width + 1,
				    t->ascii) +
			 (i > 0 ? 3 : 0);
		if (cells + more_text(t, t->warnings.now.left_out + count - 1 - i,
				      more) <=
		    width)
			whole = i + 1;
	}
	return whole > 0 ? whole : 1;
}

void warnings_draw(struct tui *t, int y)
{
	struct warnings_line *line = &t->warnings;
	size_t list[WARNINGS_MAX], count = 0, whole;
	char text[WARNING_TEXT_MAX + 8], more[MORE_MAX];
	int x, end;

	for (size_t i = 0; i < line->count; i++) {
		struct shown_warning *shown = &line->list[i];

		shown->x = -1;
		if (is_gone(t, shown))
			continue;
		if (shown->over_ns != 0 && !t->paused &&
		    t->clock_ns + LINGER_NS / 4 < t->wake_ns)
			t->wake_ns = t->clock_ns + LINGER_NS / 4;
		list[count++] = i;
	}
	if (count == 0)
		return;
	whole = count_whole(t, list, count, t->width);
	end = t->width - more_text(t, line->now.left_out + count - whole, more);
	x = draw_text(y, 0, end, ROLE_KEY, false, SIGN);
	for (size_t i = 0; i < whole; i++) {
		struct shown_warning *shown = &line->list[list[i]];

		if (i > 0)
			x += draw_text(y, x, end - x, ROLE_DIM, false,
				       t->ascii ? " | " : " \u00b7 ");
		shown->x = x;
		x += draw_text(y, x, end - x, role_of(shown), false,
			       text_of(shown, text));
	}
	draw_text(y, x, t->width - x, ROLE_DIM, false, more);
}

/* ---- What the key does ---- */

/* Returns the number of the warning among those that are not over, from 1, or 0. */
static size_t number_of(const struct tui *t, const struct warning *warning, size_t *count)
{
	size_t number = 0;

	*count = 0;
	for (size_t i = 0; i < t->warnings.count; i++) {
		const struct shown_warning *shown = &t->warnings.list[i];

		*count += shown->over_ns == 0;
		if (shown->over_ns == 0 && warning_same(&shown->warning, warning))
			number = *count;
	}
	return number;
}

static const struct shown_warning *by_number(const struct tui *t, size_t number)
{
	for (size_t i = 0; i < t->warnings.count; i++)
		if (t->warnings.list[i].over_ns == 0 && --number == 0)
			return &t->warnings.list[i];
	return NULL;
}

/* Writes the sentence of the visited warning. */
static void put_sentence(const struct tui *t, char *out, size_t size, enum role *role)
{
	const struct warning *visited = &t->warnings.visited;
	const struct warning *now = find_now(&t->warnings.now, visited);
	size_t count, number = number_of(t, visited, &count);

	if (number == 0 || !now) {
		*role = ROLE_NORMAL;
		snprintf(out, size, "this warning is over: %s", visited->sentence);
		return;
	}
	*role = now->sure ? ROLE_STUCK : ROLE_WARN;
	snprintf(out, size, "warning %zu of %zu: %s", number, count, now->sentence);
}

static void set_filter(struct tui *t, const char *filter, int class, bool changes_only)
{
	struct err e = {0};

	t->class = class;
	t->changes_only = changes_only;
	filters_set(t, filter, &e);
}

/* Remembers what is shown, unless that is the place of another warning. */
static void begin_visit(struct tui *t)
{
	struct warnings_line *line = &t->warnings;

	if (line->visiting) {
		set_filter(t, line->before_filter, line->before_class,
			   line->before_changes_only);
		return;
	}
	line->visiting = true;
	/* A group's page shows another group then. */
	line->before_view = t->view == VIEW_GROUP ? VIEW_GROUPS : (int)t->view;
	line->before_class = t->class;
	line->before_changes_only = t->changes_only;
	snprintf(line->before_filter, sizeof(line->before_filter), "%s",
		 t->settings.filter);
}

static void end_visit(struct tui *t)
{
	struct warnings_line *line = &t->warnings;

	line->visiting = false;
	t->message.until_ns = 0;
	set_filter(t, line->before_filter, line->before_class, line->before_changes_only);
}

static void visit(struct tui *t, const struct warning *warning)
{
	static const enum view_id views[] = {
		[WARNING_AT_TASKS] = VIEW_TASKS,
		[WARNING_AT_WAITS] = VIEW_WAITS,
		[WARNING_AT_GROUP] = VIEW_GROUP,
		[WARNING_AT_RESOURCES] = VIEW_RESOURCES,
	};
	struct warnings_line *line = &t->warnings;
	char sentence[WARNING_SENTENCE_MAX + 64];
	enum role role;

	begin_visit(t);
	line->visited = *warning;
	line->view = (int)views[warning->place];
	switch (warning->place) {
	case WARNING_AT_TASKS:
		set_filter(t, warning->filter, -1, false);
		tui_switch(t, VIEW_TASKS);
		break;
	case WARNING_AT_GROUP:
		tui_open_group(t, warning->group);
		break;
	default:
		tui_open_warning(t, views[warning->place], &line->visited);
	}
	put_sentence(t, sentence, sizeof(sentence), &role);
	tui_say(t, role, "%s", sentence);
}

static void visit_next(struct tui *t)
{
	const struct warnings_line *line = &t->warnings;
	size_t count, number = 0;

	number_of(t, &line->visited, &count);
	if (count == 0) {
		tui_say(t, ROLE_NORMAL, "there are no warnings");
		return;
	}
	if (line->visiting)
		number = number_of(t, &line->visited, &count);
	visit(t, &by_number(t, number % count + 1)->warning);
}

bool warnings_act(struct tui *t, enum action action)
{
	const struct warnings_line *line = &t->warnings;

	switch (action) {
	case ACTION_WARNING:
		visit_next(t);
		return true;
	case ACTION_BACK:
	case ACTION_QUIT:
		if (!line->visiting || (int)t->view != line->view)
			return false;
		end_visit(t);
		tui_switch(t, (enum view_id)line->before_view);
		return true;
	case ACTION_TASKS:
	case ACTION_GROUPS:
	case ACTION_WAITS:
	case ACTION_RESOURCES:
	case ACTION_PROCESSES:
		if (line->visiting)
			end_visit(t);
		return false;
	default:
		return false;
	}
}

void warnings_click(struct tui *t, int x)
{
	const struct shown_warning *hit = NULL;

	for (size_t i = 0; i < t->warnings.count; i++) {
		const struct shown_warning *shown = &t->warnings.list[i];

		if (shown->x >= 0 && x >= shown->x)
			hit = shown;
	}
	if (hit && hit->over_ns == 0)
		visit(t, &hit->warning);
}

bool warnings_status(const struct tui *t, char *out, size_t size, enum role *role)
{
	const struct warnings_line *line = &t->warnings;

	if (!line->visiting || (int)t->view != line->view)
		return false;
	put_sentence(t, out, size, role);
	return true;
}
