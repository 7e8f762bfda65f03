/* SPDX-License-Identifier: MIT */
/* The lines below a view: errors or results of actions, filter, counts; the keys; and the
 * line being edited, with its error below the wrong byte. */
#include "tui/footer.h"
#include "tui/go_heap.h"

#include <stdio.h>
#include <string.h>

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
		ACTION_OPEN,   ACTION_FILTER, ACTION_SORT,      ACTION_PAUSE,
		ACTION_GROUPS, ACTION_WAITS,  ACTION_RESOURCES, ACTION_NEXT,
		ACTION_IDLE,   ACTION_MARK,   ACTION_CHANGES,   ACTION_RECORD,
		ACTION_NONE};
	static const enum action of_groups[] = {
		ACTION_OPEN,        ACTION_FILTER,  ACTION_SORT,      ACTION_GROUP_BY,
		ACTION_MARK,        ACTION_CHANGES, ACTION_NEXT_LEAK, ACTION_TASKS,
		ACTION_ACKNOWLEDGE, ACTION_PAUSE,   ACTION_RECORD,    ACTION_NONE};
	static const enum action of_group[] = {
		ACTION_OPEN,  ACTION_ACKNOWLEDGE, ACTION_GROUPS, ACTION_NEXT_LINK,
		ACTION_TASKS, ACTION_PAUSE,       ACTION_NONE};
	static const enum action none[] = {ACTION_NONE};

	return view == VIEW_TASKS    ? of_tasks
	       : view == VIEW_GROUPS ? of_groups
	       : view == VIEW_GROUP  ? of_group
				     : none;
}

static int draw_key(const struct tui *t, const struct key *key, int y, int x, int width)
{
	int cells, name = (int)strcspn(key->label, " ");
	char label[16];

	if (!(key->views & t->views[t->view]->keys) || key->hint[0] == '\0' ||
	    leads_here(t, key->action))
		return 0;
	snprintf(label, sizeof(label), "%.*s", name, key->label);
	cells = (int)(strlen(label) + 1 + strlen(key->hint));
	if (x + cells > width)
		return 0;
	x += draw_text(y, x, width - x, ROLE_KEY, false, label) + 1;
	draw_text(y, x, width - x, ROLE_NORMAL, false, key->hint);
	return cells + 2;
}

static void draw_keys(const struct tui *t, int y, int width)
{
	/* Help and quit come first: they must be visible on every width. */
	static const enum action always[] = {ACTION_HELP, ACTION_QUIT, ACTION_NONE};
	const enum action *lists[] = {always, keys_first(t->view)};
	bool drawn[ACTION_COUNT] = {false};
	int x = 0;

	for (size_t list = 0; list < 2; list++) {
		for (const enum action *at = lists[list]; *at != ACTION_NONE; at++) {
			for (size_t i = 0; i < key_count; i++)
				if (key_table[i].action == *at)
					x += draw_key(t, &key_table[i], y, x, width);
			drawn[*at] = true;
		}
	}
	for (size_t i = 0; i < key_count; i++)
		if (!drawn[key_table[i].action])
			x += draw_key(t, &key_table[i], y, x, width);
}

/* Draws the right end of the status line as far as it fits. Returns the cells used. */
static int draw_figures(struct tui *t, int y, int room)
{
	char status[128] = "", interval[CLOCK_DURATION_MAX], poll[CLOCK_DURATION_MAX];
	char text[256];
	const struct view *view = t->views[t->view];
	int cells, width = t->width;

	if (view->status)
		view->status(t, t->ctx[t->view], status, sizeof(status));
	clock_format_duration(t->settings.interval_ns, interval);
	clock_format_duration(t->state.poll_ns, poll);
	if (t->state.poll_ns < CLOCK_MS_NS)
		snprintf(poll, sizeof(poll), "<1ms");
	if (!view->header || t->state.polls == 0 || width < 60)
		snprintf(text, sizeof(text), "%s", status);
	else
		snprintf(text, sizeof(text), "%s%severy %s, took %s", status,
			 *status != '\0' ? ", " : "", interval, poll);
	cells = text_cells(text, 256, t->ascii);
	if (cells > room) {
		snprintf(text, sizeof(text), "%s", status);
		cells = text_cells(text, 256, t->ascii);
	}
	if (cells == 0 || cells > room)
		return 0;
	draw_text(y, width - cells, cells, ROLE_DIM, false, text);
	return cells + 1;
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
		if (message[0] == '\0' && s)
			snprintf(out, size, "process %d ended: last snapshot; q quits",
				 (int)s->target.pid);
		else
			snprintf(out, size, "%s%s", message,
				 strstr(message, "q quits") ? ""
				 : s                        ? ": last snapshot; q quits"
							    : "; q quits");
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
		if (lines > 1 && t->prompt_error.code == 0)
			draw_text(y + 1, 0, t->width, ROLE_DIM, false, t->prompt_hint);
		return;
	}
	said = status_text(t, text, sizeof(text), &role);
	if (lines == 1 && !said) {
		draw_keys(t, y, t->width);
		return;
	}
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
