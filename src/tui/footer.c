/* SPDX-License-Identifier: MIT */
/* The lines below a view: errors or results of actions, filter, counts; the keys; and the
 * line being edited, with its error below the wrong byte. */
#include "tui/footer.h"
#include "tui/go_heap.h"

#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"

/* Returns true if the action leads to the view that is shown. */
static bool leads_here(const struct tui *t, enum action action)
{
	static const enum action to[VIEW_COUNT] = {
		[VIEW_TASKS] = ACTION_TASKS,         [VIEW_GROUPS] = ACTION_GROUPS,
		[VIEW_WAITS] = ACTION_WAITS,         [VIEW_RESOURCES] = ACTION_RESOURCES,
		[VIEW_PROCESSES] = ACTION_PROCESSES,
	};

	return action != ACTION_NONE && to[t->view] == action;
}

/* Returns the most important keys of a view, which come first; the others follow if there
 * is room. */
static const enum action *keys_first(enum view_id view)
{
	static const enum action of_tasks[] = {
		ACTION_OPEN,    ACTION_FILTER,    ACTION_NEXT, ACTION_GROUPS,
		ACTION_WAITS,   ACTION_RESOURCES, ACTION_SORT, ACTION_PREVIEW,
		ACTION_ZOOM,    ACTION_PAUSE,     ACTION_IDLE, ACTION_MARK,
		ACTION_CHANGES, ACTION_RECORD,    ACTION_NONE};
	static const enum action of_groups[] = {
		ACTION_OPEN,      ACTION_FILTER, ACTION_SORT,        ACTION_GROUP_BY,
		ACTION_PREVIEW,   ACTION_ZOOM,   ACTION_MARK,        ACTION_CHANGES,
		ACTION_NEXT_LEAK, ACTION_TASKS,  ACTION_ACKNOWLEDGE, ACTION_PAUSE,
		ACTION_RECORD,    ACTION_NONE};
	static const enum action of_group[] = {
		ACTION_OPEN,  ACTION_ACKNOWLEDGE, ACTION_GROUPS, ACTION_NEXT_LINK,
		ACTION_TASKS, ACTION_PAUSE,       ACTION_NONE};
	static const enum action of_detail[] = {
		ACTION_OPEN,  ACTION_EDIT,  ACTION_COPY,   ACTION_HOLDS, ACTION_NEXT_LINK,
		ACTION_TASKS, ACTION_PAUSE, ACTION_GROUPS, ACTION_NONE};
	static const enum action of_holds[] = {ACTION_SEARCH, ACTION_REFRESH,
					       ACTION_HOLDS,  ACTION_GROUPS,
					       ACTION_TASKS,  ACTION_NONE};
	static const enum action of_members[] = {
		ACTION_OPEN,  ACTION_SORT,  ACTION_RESOURCES, ACTION_PROCESSES,
		ACTION_TASKS, ACTION_PAUSE, ACTION_NONE};
	static const enum action none[] = {ACTION_NONE};

	return view == VIEW_TASKS     ? of_tasks
	       : view == VIEW_GROUPS  ? of_groups
	       : view == VIEW_GROUP   ? of_group
	       : view == VIEW_DETAIL  ? of_detail
	       : view == VIEW_HOLDS   ? of_holds
	       : view == VIEW_MEMBERS ? of_members
				      : none;
}

/* While there is a search, its keys do nothing else. */
static bool search_takes(const struct tui *t, const struct key *key)
{
	return search_is_on(t) && key->nr_codes > 0 &&
	       key_action(key->codes[0], IN_SEARCH) != ACTION_NONE;
}

static int draw_key(const struct tui *t, const struct key *key, int y, int x, int width)
{
	int cells, name = (int)strcspn(key->label, " ");
	char label[16];

	if (!(key->views & t->views[t->view]->keys) || key->hint[0] == '\0' ||
	    leads_here(t, key->action) || search_takes(t, key))
		return 0;
	snprintf(label, sizeof(label), "%.*s", name, key->label);
	cells = (int)(strlen(label) + 1 + strlen(key->hint));
	if (x + cells > width)
		return 0;
	x += draw_text(y, x, width - x, ROLE_KEY, false, label) + 1;
	draw_text(y, x, width - x, ROLE_NORMAL, false, key->hint);
	return cells + 2;
}

static int draw_keys_of(const struct tui *t, const enum action *list, bool *drawn, int y,
			int x, int width)
{
	for (; *list != ACTION_NONE; list++) {
		for (size_t i = 0; i < key_count; i++)
			if (key_table[i].action == *list && !drawn[*list])
				x += draw_key(t, &key_table[i], y, x, width);
		drawn[*list] = true;
	}
	return x;
}

/* The keys of a recording, two to a word; of a text with several dumps only the first. */
static int draw_replay_keys(const struct tui *t, int y, int x, int width)
{
	static const char *const keys[][2] = {{"[ ]", "step"},
					      {"p", "play"},
					      {"( )", "speed"},
					      {"{ }", "minute"},
					      {"@", "time"}};
	bool replay = t->state.status == FEED_REPLAY;
	size_t count = replay                                         ? ARRAY_COUNT(keys)
		       : t->snapshot && t->snapshot->target.dumps > 1 ? 1
								      : 0;

	for (size_t i = 0; i < count && t->views[t->view]->header; i++) {
		const char *hint = replay ? keys[i][1] : "dump";

		if (x + (int)(strlen(keys[i][0]) + 1 + strlen(hint)) > width)
			break;
		x += draw_text(y, x, width - x, ROLE_KEY, false, keys[i][0]) + 1;
		x += draw_text(y, x, width - x, ROLE_NORMAL, false, hint) + 2;
	}
	return x;
}

static void draw_keys(const struct tui *t, int y, int width)
{
	/* Help comes first, then how to leave: they must be visible on every width. */
	static const enum action top[] = {ACTION_HELP, ACTION_QUIT, ACTION_NONE};
	static const enum action below[] = {ACTION_HELP, ACTION_BACK, ACTION_NONE};
	bool drawn[ACTION_COUNT] = {false};
	bool at_top = t->view == VIEW_TASKS ||
		      (t->view == VIEW_PROCESSES && t->options->choose && !t->snapshot);
	int x = draw_keys_of(t, at_top ? top : below, drawn, y, 0, width);

	drawn[ACTION_QUIT] = drawn[ACTION_BACK] = true;
	x = draw_replay_keys(t, y, x, width);
	drawn[ACTION_PAUSE] |= t->state.status == FEED_REPLAY;
	x = draw_keys_of(t, keys_first(t->view), drawn, y, x, width);
	for (size_t i = 0; i < key_count; i++)
		if (!drawn[key_table[i].action])
			x += draw_key(t, &key_table[i], y, x, width);
}

/* Draws the right end of the status line as far as it fits. Returns the cells used. */
static int draw_figures(struct tui *t, int y, int room)
{
	char status[512] = "", interval[CLOCK_DURATION_MAX], poll[CLOCK_DURATION_MAX];
	char text[640];
	const struct view *view = t->views[t->view];
	/* The view says less if there is less room. */
	size_t size = room < 0 ? 0 : (size_t)room;
	int cells, width = t->width;

	if (view->status)
		view->status(t, t->ctx[t->view], status,
			     size < sizeof(status) ? size : sizeof(status));
	if (strlen(status) + 1 >= size) /* it may have been cut */
		status[0] = '\0';
	clock_format_duration(t->settings.interval_ns, interval);
	clock_format_duration(t->state.poll_ns, poll);
	if (t->state.poll_ns < CLOCK_MS_NS)
		snprintf(poll, sizeof(poll), "<1ms");
	if (!view->header || t->state.polls == 0 || width < 60)
		snprintf(text, sizeof(text), "%s", status);
	else
		snprintf(text, sizeof(text), "%s%severy %s, took %s", status,
			 *status != '\0' ? ", " : "", interval, poll);
	cells = text_cells(text, TEXT_CELLS_MAX, t->ascii);
	if (cells > room) {
		snprintf(text, sizeof(text), "%s", status);
		cells = text_cells(text, TEXT_CELLS_MAX, t->ascii);
	}
	if (cells == 0 || cells > room)
		return 0;
	draw_text(y, width - cells, cells, ROLE_DIM, false, text);
	return cells + 1;
}

/* What a search has found and its keys, unless an action has just said something. */
static bool search_text(const struct tui *t, char *out, size_t size, enum role *role)
{
	char found[SEARCH_STATUS_MAX];

	search_status(t, found, sizeof(found));
	if (found[0] == '\0' || t->message.until_ns != 0)
		return false;
	*role = ROLE_STRONG;
	snprintf(out, size, "search: %s: %s; n next  N previous  Esc ends",
		 t->search[t->view].text, found);
	return true;
}

static void say_ended(const struct ended *ended, char *out, size_t size)
{
	if (ended->count > 1)
		snprintf(out, size, "%zu processes ended, the last of them %s",
			 ended->count, ended->name);
	else
		snprintf(out, size, "%s ended", ended->name);
}

static void say_target_ended(const struct tui *t, char *out, size_t size)
{
	const struct snapshot *s = t->snapshot;
	const char *message = t->state.message;

	if (message[0] == '\0' && s && s->nr_members > 0)
		snprintf(out, size, "all processes ended: last snapshot; q quits");
	else if (message[0] == '\0' && s)
		snprintf(out, size, "process %d ended: last snapshot; q quits",
			 (int)s->target.pid);
	else
		snprintf(out, size, "%s%s", message,
			 strstr(message, "q quits") ? ""
			 : s                        ? ": last snapshot; q quits"
						    : "; q quits");
}

/* The most important message, on the left of the status line. Returns false if there is
 * none. */
static bool status_text(const struct tui *t, char *out, size_t size, enum role *role)
{
	const struct snapshot *s = t->snapshot;
	const char *message = t->state.message;
	char heap[GO_HEAP_SINCE_MAX];

	*role = ROLE_WARN;
	out[0] = '\0';
	if (t->message.until_ns != 0) {
		*role = t->message.role;
		snprintf(out, size, "%s", t->message.text);
	} else if (t->state.status == FEED_ENDED && t->views[t->view]->header) {
		say_target_ended(t, out, size);
	} else if (t->state.status == FEED_WAITING && t->views[t->view]->header) {
		snprintf(out, size, "%s",
			 message[0] != '\0'
				 ? message
				 : "waiting for the next process with this name");
	} else if (t->state.status == FEED_FAILING && t->views[t->view]->header) {
		*role = ROLE_ERROR;
		snprintf(out, size, "the last sample failed: %s", message);
	} else if (t->state.recorder.failing) {
		*role = ROLE_ERROR;
		snprintf(out, size, "not recorded: %s; trying again with every sample",
			 t->state.recorder.message);
	} else if (t->state.status == FEED_REPLAY && t->state.place.over &&
		   t->state.place.follow && t->views[t->view]->header) {
		snprintf(out, size,
			 "the input has ended: this is its last snapshot; q quits");
	} else if (warnings_status(t, out, size, role)) {
		/* Where `!` leads, it says why. */
	} else if (t->settings.filter[0] != '\0' &&
		   (t->view == VIEW_TASKS || t->view == VIEW_GROUPS)) {
		*role = ROLE_STRONG;
		snprintf(out, size, "filter: %s", t->settings.filter);
	} else if (s && s->dropped > 0 && t->views[t->view]->header) {
		snprintf(out, size,
			 "%llu tasks not shown: the agent has no room for more",
			 (unsigned long long)s->dropped);
	} else if (t->changes_only && t->views[t->view]->header &&
		   *go_heap_since_text(t, heap) != '\0') {
		snprintf(out, size, "since the mark: %s", heap);
	} else if (t->ended.until_ns > t->clock_ns && t->views[t->view]->header) {
		say_ended(&t->ended, out, size);
	} else if (s && s->nr_notes > 0 && t->views[t->view]->header) {
		if (s->nr_notes == 1)
			snprintf(out, size, "%s", s->notes[0]);
		else
			snprintf(out, size, "%s (and %zu more: ? shows them)",
				 s->notes[0], s->nr_notes - 1);
	}
	return out[0] != '\0';
}

static void draw_prompt(struct tui *t, int y)
{
	const char *label = t->prompt_label;
	int label_cells = (int)strlen(label), room = t->width - label_cells - 1;
	int before = 0, from_cells = 0;
	size_t from = 0, at = 0;
	struct text_unit unit;

	draw_text(y, 0, t->width, ROLE_KEY, false, label);
	/* Cells before the cursor. If they do not fit, the text scrolls. */
	while (at < t->prompt.at) {
		size_t used = text_step(t->prompt.text + at, t->prompt.length - at,
					t->ascii, &unit);

		if (used == 0)
			break;
		before += unit.cells;
		at += used;
	}
	while (before - from_cells >= room && from < at) {
		from += text_step(t->prompt.text + from, t->prompt.length - from,
				  t->ascii, &unit);
		from_cells += unit.cells;
	}
	draw_text(y, label_cells, room, ROLE_NORMAL, false, t->prompt.text + from);
	draw_cursor(y, label_cells + before - from_cells);
	if (t->prompt_error.code == 0)
		return;
	/* The mark is below the wrong byte, and the message where there is room. */
	before = label_cells;
	for (at = from; t->prompt_error.at > 0 && at < (size_t)t->prompt_error.at;) {
		size_t used = text_step(t->prompt.text + at, t->prompt.length - at,
					t->ascii, &unit);

		if (used == 0)
			break;
		before += unit.cells;
		at += used;
	}
	draw_fill(y + 1, 0, t->width, ROLE_NORMAL, false);
	if (t->prompt_error.at < 0 || before >= t->width) {
		draw_text(y + 1, 0, t->width, ROLE_ERROR, false, t->prompt_error.text);
		return;
	}
	draw_text(y + 1, before, 1, ROLE_ERROR, false, "^");
	room = text_cells(t->prompt_error.text, t->width, t->ascii);
	if (before + 2 + room <= t->width || before < t->width / 2)
		draw_text(y + 1, before + 2, t->width - before - 2, ROLE_ERROR, false,
			  t->prompt_error.text);
	else
		draw_cell(y + 1, before - 1 - room > 0 ? before - 1 - room : 0,
			  before - 1 < room ? before - 1 : room, ALIGN_LEFT, ROLE_ERROR,
			  false, t->prompt_error.text);
}

/* Below a line that is edited: what it has found, and the keys. */
static void draw_hint(const struct tui *t, int y, const char *found)
{
	int x = draw_text(y, 0, t->width, ROLE_STRONG, false, found);

	x += x > 0 ? 2 : 0;
	draw_text(y, x, t->width - x, ROLE_DIM, false, t->prompt_hint);
}

/* A message that is too long for its line takes that of the keys too. */
static bool draw_long(const struct tui *t, int y, enum role role, const char *text)
{
	char first[TEXT_CELLS_MAX * 4];
	size_t skip = 0, used;

	if (text_cells(text, TEXT_CELLS_MAX, t->ascii) <= t->width)
		return false;
	used = text_wrap(text, t->width, t->ascii, &skip);
	snprintf(first, sizeof(first), "%.*s", (int)used, text);
	draw_text(y, 0, t->width, role, false, first);
	draw_text(y + 1, 0, t->width, role, false, text + used + skip);
	return true;
}

void footer_draw(struct tui *t, int lines)
{
	int y = t->height - lines;
	char text[QUERY_TEXT_MAX + 64];
	enum role role;
	int figures, room;
	bool said;

	if (lines == 0)
		return;
	if (t->prompting) {
		draw_prompt(t, y);
		search_status(t, text, sizeof(text));
		if (t->completes)
			complete_status(&t->complete, text, sizeof(text));
		if (lines > 1 && t->prompt_error.code == 0)
			draw_hint(t, y + 1, text);
		return;
	}
	said = search_text(t, text, sizeof(text), &role) ||
	       status_text(t, text, sizeof(text), &role);
	if (lines == 1 && !said) {
		draw_keys(t, y, t->width);
		return;
	}
	if (said && lines > 1 && t->message.until_ns != 0 && draw_long(t, y, role, text))
		return;
	room = said ? t->width - text_cells(text, t->width, t->ascii) - 2 : t->width;
	/* The result of an action takes precedence over the figures; a permanent text
	 * does not. */
	if (said && t->message.until_ns == 0 && room < t->width / 2 && room > 40)
		room = t->width / 2;
	figures = draw_figures(t, y, room);
	if (said)
		draw_text(y, 0, t->width - figures, role, false, text);
	if (lines > 1)
		draw_keys(t, y + 1, t->width);
}
