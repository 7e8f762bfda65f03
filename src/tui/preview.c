/* SPDX-License-Identifier: MIT */
#include "tui/preview.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "tui/editor.h"
#include "tui/preview_page.h"

#define FROM_HEIGHT  24 /* of the terminal: below it there is no preview */
#define BESIDE_FROM  160
#define LIST_LEAST   12 /* rows that the view keeps unless the user wants otherwise */
#define ROWS_LEAST   4  /* of either part, whatever the user wants */
#define SETTLE_NS    (3 * CLOCK_SECOND_NS) /* see settle() */
#define LIST_COLUMNS 104 /* … and columns, as long as the preview has its own */
#define BESIDE_USUAL 56
#define BESIDE_LEAST 40
#define WHEEL_ROWS   3
#define STEP_ROWS    1
#define STEP_COLUMNS 4

enum place { NOWHERE, BELOW, BESIDE, ALONE };

struct preview {
	struct preview_page page;
	enum place place;
	struct area area; /* with the border */
	bool has_keys, zoomed, dragged;
	bool scrolled; /* by the wheel: nothing is left out */
	/* Lines that the view is given below which the preview is; 0 if not known yet. */
	int settled, recent;
	int64_t window_ns;
};

struct preview *preview_new(void)
{
	struct preview *p = calloc(1, sizeof(*p));

	if (p)
		preview_page_init(&p->page);
	return p;
}

void preview_free(struct preview *p)
{
	if (!p)
		return;
	preview_page_release(&p->page);
	free(p);
}

void preview_leave(struct tui *t)
{
	struct preview *p = t->preview;

	p->has_keys = p->zoomed = p->dragged = p->scrolled = false;
	p->settled = 0;
	preview_page_forget(&p->page);
	tui_focus(t, NULL);
}

void preview_update(struct tui *t)
{
	if (!t->snapshot)
		preview_leave(t);
}

bool preview_is_alone(const struct tui *t)
{
	return t->preview->place == ALONE;
}

bool preview_has_keys(const struct tui *t)
{
	const struct preview *p = t->preview;

	return p->place == ALONE || (p->place != NOWHERE && p->has_keys);
}

/* ---- Where it is ---- */

static int within(int value, int least, int most)
{
	return value > most ? most : value < least ? least : value;
}

static bool fits(const struct tui *t)
{
	return t->views[t->view]->subject && t->height >= FROM_HEIGHT &&
	       t->room.height > LIST_LEAST + ROWS_LEAST;
}

static bool is_beside(const struct tui *t)
{
	return t->width >= BESIDE_FROM;
}

/* The rows of the preview with its border, of `total`. */
static int rows_of(const struct tui *t, int total)
{
	int list = (total + 1) / 2 > LIST_LEAST ? (total + 1) / 2 : LIST_LEAST;
	int wanted = t->settings.preview_rows;

	return within(wanted > 0 ? wanted : total - list, ROWS_LEAST, total - ROWS_LEAST);
}

static int columns_of(const struct tui *t, int total)
{
	int wanted = t->settings.preview_columns;
	int usual = within(total - LIST_COLUMNS, BESIDE_USUAL, total * 2 / 5);

	return within(wanted > 0 ? wanted : usual, BESIDE_LEAST, total - BESIDE_LEAST);
}

/* The border follows rows that come at once, and rows that go only when there have been
 * fewer for some seconds, so that it does not jump. */
static int settle(struct tui *t, struct preview *p, int lines)
{
	int64_t end_ns = p->window_ns + SETTLE_NS;

	p->recent = lines > p->recent ? lines : p->recent;
	if (p->settled == 0 || t->clock_ns >= end_ns) {
		p->settled = p->settled == 0 ? lines : p->recent;
		p->recent = lines;
		p->window_ns = t->clock_ns;
	} else if (lines >= p->settled) {
		p->settled = lines;
	} else if (t->wake_ns > end_ns) {
		t->wake_ns = end_ns;
	}
	return p->settled;
}

/* The rows that the view leaves free, of those that it may have. */
static int free_rows(struct tui *t, struct preview *p)
{
	const struct view *view = t->views[t->view];
	size_t lines;

	if (t->settings.preview_rows > 0 || !view->lines)
		return 0;
	lines = view->lines(t, t->ctx[t->view]);
	if (lines == 0 || lines >= (size_t)t->body_most) {
		p->settled = 0;
		return 0;
	}
	return t->body_most - within(settle(t, p, (int)lines), ROWS_LEAST, t->body_most);
}

void preview_layout(struct tui *t)
{
	struct preview *p = t->preview;

	t->body = p->area = t->room;
	t->body_most = t->body.height;
	p->place = NOWHERE;
	if (!fits(t) || !t->settings.preview) {
		p->has_keys = p->zoomed = p->dragged = false;
		return;
	}
	p->place = is_beside(t) ? BESIDE : BELOW;
	if (p->place == BESIDE) {
		p->area.width = columns_of(t, t->room.width);
		t->body.width -= p->area.width + 1; /* texts do not touch the border */
		p->area.x = t->body.width + 1;
	} else {
		p->area.height = rows_of(t, t->room.height);
		t->body_most -= p->area.height;
		p->area.height += free_rows(t, p);
		t->body.height -= p->area.height;
		p->area.y += t->body.height;
	}
	if (!p->zoomed)
		return;
	p->place = ALONE;
	p->area = t->room;
}

/* What is inside the border. */
static struct area inside(const struct preview *p)
{
	struct area area = p->area;

	area.y++;
	area.height--;
	if (p->place == BESIDE) {
		area.x++;
		area.width--;
	}
	return area;
}

/* ---- What it looks like ---- */

static void draw_border(const struct tui *t, const struct preview *p)
{
	bool strong = preview_has_keys(t);
	const char *flat = t->ascii ? (strong ? "=" : "-") : strong ? "\u2501" : "\u2500";
	const char *upright = t->ascii ? (strong ? "#" : "|")
			      : strong ? "\u2503"
				       : "\u2502";
	enum role role = strong ? ROLE_KEY : ROLE_DIM;

	for (int y = 0; p->place == BESIDE && y < p->area.height; y++)
		draw_text(p->area.y + y, p->area.x, 1, role, false, upright);
	for (int x = 0; p->place != BESIDE && x < p->area.width; x++)
		draw_text(p->area.y, p->area.x + x, 1, role, false, flat);
}

/* Draws " text " at the right end of the first line, if there is room. */
static void draw_right(const struct preview *p, int room, enum role role,
		       const char *text)
{
	char shown[80];
	int cells;

	if (text[0] == '\0')
		return;
	snprintf(shown, sizeof(shown), " %s ", text);
	cells = text_cells(shown, TEXT_CELLS_MAX, draw_ascii());
	if (cells <= room)
		draw_text(p->area.y, p->area.x + p->area.width - cells - 1, cells, role,
			  false, shown);
}

static void draw_title(const struct tui *t, struct preview *p)
{
	const struct lines *lines = preview_page_lines(&p->page);
	int room = p->area.width - 6, x = p->area.x + (p->place == BESIDE ? 1 : 2);
	char title[COLUMN_TEXT_MAX], shown[COLUMN_TEXT_MAX + 2], where[64] = "";
	const char *text;
	enum role role;

	text = preview_page_title(t, &p->page, title, &role);
	if (text[0] != '\0') {
		snprintf(shown, sizeof(shown), " %s ", text);
		room -= draw_text(p->area.y, x, room, role, false, shown) + 2;
	}
	if (lines && preview_has_keys(t))
		snprintf(where, sizeof(where), "line %zu of %zu  %s back", lines->at + 1,
			 lines->count, p->place == ALONE ? "z" : "Tab");
	draw_right(p, room, preview_has_keys(t) ? ROLE_NORMAL : ROLE_DIM, where);
}

void preview_draw(struct tui *t)
{
	struct preview *p = t->preview;
	struct subject subject = {0};
	struct area area = inside(p);
	struct brief brief = {.width = area.width, .height = area.height};
	struct lines *lines;

	if (p->place == NOWHERE) {
		if (t->views[t->view]->subject)
			tui_focus(t, NULL);
		return;
	}
	t->views[t->view]->subject(t, t->ctx[t->view], &subject);
	brief.whole = p->has_keys || p->scrolled;
	preview_page_build(t, &p->page, &subject, &brief, p->place == ALONE);
	lines = preview_page_lines(&p->page);
	/* Without a row there is nothing to tell apart. */
	if (!lines && !preview_has_keys(t))
		return;
	draw_border(t, p);
	draw_title(t, p);
	if (!lines)
		return;
	lines->quiet = !preview_has_keys(t);
	lines_draw(lines, area);
}

/* ---- Keys ---- */

/* Says why there is none. */
static bool is_missing(struct tui *t)
{
	if (fits(t))
		return false;
	tui_say(t, ROLE_WARN, "the preview needs a terminal of at least %d lines",
		FROM_HEIGHT);
	return true;
}

static void give_keys(struct preview *p, bool here)
{
	p->has_keys = here;
	p->zoomed = p->zoomed && here;
	p->scrolled = false;
}

static void resize(struct tui *t, int by)
{
	bool beside = is_beside(t);
	int total = beside ? t->room.width : t->room.height;
	const struct preview *p = t->preview;
	int now = beside ? columns_of(t, total) : rows_of(t, total);

	if (p->place == BELOW && t->settings.preview_rows == 0)
		now = p->area.height; /* with the rows that are free */
	if (beside) {
		t->settings.preview_columns = now + by * STEP_COLUMNS;
		t->settings.preview_columns = columns_of(t, total);
	} else {
		t->settings.preview_rows = now + by * STEP_ROWS;
		t->settings.preview_rows = rows_of(t, total);
	}
}

static void show(struct tui *t, bool on)
{
	t->settings.preview = on;
	if (!on)
		give_keys(t->preview, false);
}

static bool act_on_border(struct tui *t, enum action action)
{
	struct preview *p = t->preview;

	switch (action) {
	case ACTION_PREVIEW:
		show(t, true);
		give_keys(p, !preview_has_keys(t));
		return true;
	case ACTION_ZOOM:
		show(t, true);
		p->zoomed = !p->zoomed;
		give_keys(p, p->zoomed);
		return true;
	case ACTION_HIDE_PREVIEW:
		show(t, !t->settings.preview);
		tui_say(t, ROLE_NORMAL, "the preview is %s; W keeps it so",
			t->settings.preview ? "shown" : "hidden");
		return true;
	case ACTION_PREVIEW_LARGER:
	case ACTION_PREVIEW_SMALLER:
		show(t, true);
		resize(t, action == ACTION_PREVIEW_LARGER ? 1 : -1);
		return true;
	default:
		return false;
	}
}

/* Opens what the line names, or else the subject itself. */
static bool open_line(struct tui *t, struct preview *p)
{
	const struct lines *lines = preview_page_lines(&p->page);
	const struct text_line *here = lines ? lines_here(lines) : NULL;
	const struct task *task;

	if (!here)
		return false;
	if (p->page.what == PREVIEW_GROUP)
		return group_page_open_line(t, &p->page.group);
	task = here->link.set ? identity_find(&here->link, t->snapshot) : NULL;
	if (task)
		tui_open_task(t, task);
	return task != NULL;
}

static bool edit_line(struct tui *t, const struct lines *lines)
{
	const struct text_line *here = lines_here(lines);
	const struct frame *frame =
		here && here->stack ? &here->stack->frames[here->frame] : NULL;

	if (frame)
		editor_open(t, frame->file, frame->line);
	return frame != NULL;
}

static bool act_on_lines(struct tui *t, struct preview *p, enum action action)
{
	struct lines *lines = preview_page_lines(&p->page);

	if (lines && lines_move(lines, action, inside(p).height))
		return true;
	switch (action) {
	case ACTION_OPEN:
		return open_line(t, p);
	case ACTION_EDIT:
		return lines && edit_line(t, lines);
	case ACTION_COPY:
		if (lines)
			lines_copy(t, lines);
		return lines != NULL;
	case ACTION_BACK:
		give_keys(p, false);
		return true;
	case ACTION_QUIT:
		if (p->place != ALONE)
			return false;
		give_keys(p, false);
		return true;
	default:
		return false;
	}
}

bool preview_act(struct tui *t, enum action action)
{
	struct preview *p = t->preview;

	if (!t->views[t->view]->subject)
		return false;
	switch (action) {
	case ACTION_PREVIEW:
	case ACTION_ZOOM:
	case ACTION_HIDE_PREVIEW:
	case ACTION_PREVIEW_LARGER:
	case ACTION_PREVIEW_SMALLER:
		return is_missing(t) || act_on_border(t, action);
	default:
		return preview_has_keys(t) && act_on_lines(t, p, action);
	}
}

/* ---- Mouse ---- */

static bool is_on_border(const struct preview *p, int y, int x)
{
	return p->place == BESIDE ? x == p->area.x : p->place == BELOW && y == p->area.y;
}

static void drag(struct tui *t, const struct input_event *event)
{
	if (is_beside(t)) {
		t->settings.preview_columns = t->room.x + t->room.width - event->x;
		t->settings.preview_columns = columns_of(t, t->room.width);
	} else {
		t->settings.preview_rows = t->room.y + t->room.height - event->y;
		t->settings.preview_rows = rows_of(t, t->room.height);
	}
}

static void click(struct tui *t, struct preview *p, const struct input_event *event,
		  bool twice)
{
	struct lines *lines = preview_page_lines(&p->page);
	int line = event->y - inside(p).y;

	if (is_on_border(p, event->y, event->x)) {
		p->dragged = true;
		return;
	}
	p->has_keys = true;
	if (lines && line >= 0)
		lines_move_to(lines, (long)lines->top + line);
	if (twice)
		open_line(t, p);
}

bool preview_mouse(struct tui *t, const struct input_event *event, bool twice)
{
	struct preview *p = t->preview;
	const struct area *area = &p->area;
	struct lines *lines = preview_page_lines(&p->page);
	bool here = p->place != NOWHERE && event->y >= area->y && event->x >= area->x &&
		    event->y < area->y + area->height && event->x < area->x + area->width;

	switch (event->mouse) {
	case MOUSE_DRAG:
		if (p->dragged)
			drag(t, event);
		return true;
	case MOUSE_RELEASE:
		p->dragged = false;
		return true;
	case MOUSE_CLICK:
		p->dragged = false;
		if (here)
			click(t, p, event, twice);
		else
			give_keys(p, false);
		return here;
	default:
		if (!here)
			return false;
		if (lines) {
			p->scrolled = true;
			lines_scroll(lines,
				     event->mouse == MOUSE_WHEEL_UP ? -WHEEL_ROWS
								    : WHEEL_ROWS,
				     inside(p).height);
		}
		return true;
	}
}
