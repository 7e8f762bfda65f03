/* SPDX-License-Identifier: MIT */
/* Writes cells to curses' screen. Only this file passes characters to curses, so every
 * byte that reaches the terminal has been checked by text.c. */
#include "tui/draw.h"

#include <string.h>

#define NCURSES_NOMACROS
#include <curses.h>

/* Set by draw_begin(). Only one thread draws. */
static bool frame_ascii;
static int cursor_y = -1, cursor_x;
static const struct pattern *marked; /* see draw_mark() */

void draw_begin(bool ascii)
{
	frame_ascii = ascii;
	cursor_y = -1;
	marked = NULL;
	attr_set(A_NORMAL, 0, NULL);
	erase();
}

void draw_end(void)
{
	if (cursor_y >= 0)
		move(cursor_y, cursor_x);
	curs_set(cursor_y >= 0 ? 1 : 0);
	refresh();
}

void draw_size(int *height, int *width)
{
	*height = LINES;
	*width = COLS;
}

void draw_cursor(int y, int x)
{
	cursor_y = y;
	cursor_x = x < COLS ? x : COLS - 1;
}

bool draw_ascii(void)
{
	return frame_ascii;
}

static int clip(int y, int x, int width)
{
	if (y < 0 || y >= LINES || x < 0 || x >= COLS)
		return 0;
	return width < COLS - x ? width : COLS - x;
}

static void put_cells(int y, int x, const struct text_run *run)
{
	if (run->count > 0)
		mvaddnwstr(y, x, run->chars, (int)run->count);
}

void draw_mark(const struct pattern *pattern)
{
	marked = pattern && pattern->length > 0 ? pattern : NULL;
}

/* Cells of the first bytes of a text. */
static int cells_of(const char *text, size_t bytes)
{
	size_t length = strlen(text), at = 0, used;
	struct text_unit unit;
	int cells = 0;

	while (at < bytes &&
	       (used = text_step(text + at, length - at, frame_ascii, &unit)) > 0) {
		at += used;
		cells += unit.cells;
	}
	return cells;
}

/* Marks the pattern in a text that is drawn. `end`: it lost its beginning if it is cut. */
static void mark_found(int y, int x, const char *text, const struct text_run *run,
		       bool end, bool selected)
{
	int hidden = 0, shown = run->cells - run->cut, before = 0, sign;
	const char *at = text, *found;

	end = end && run->cut;
	if (end)
		hidden = text_cells(text, TEXT_CELLS_MAX, frame_ascii) - shown;
	sign = end ? x : x + shown;
	while ((found = pattern_find(marked, at)) && before < TEXT_CELLS_MAX) {
		int from = before + cells_of(at, (size_t)(found - at)) - hidden;
		int cells = cells_of(found, marked->length), to = from + cells;

		before = to + hidden;
		at = found + marked->length;
		if ((from < 0 || to > shown) && run->cut)
			color_found(y, sign, 1, selected);
		from = from > 0 ? from : 0;
		to = to < shown ? to : shown;
		if (from < to)
			color_found(y, x + end + from, to - from, selected);
	}
}

int draw_text(int y, int x, int width, enum role role, bool selected, const char *text)
{
	struct text_run run;

	width = clip(y, x, width);
	if (width <= 0)
		return 0;
	text_fit(&run, text, width, frame_ascii);
	color_use(role, selected);
	put_cells(y, x, &run);
	if (marked)
		mark_found(y, x, text, &run, false, selected);
	return run.cells;
}

void draw_cell(int y, int x, int width, enum align align, enum role role, bool selected,
	       const char *text)
{
	struct text_run run;

	width = clip(y, x, width);
	if (width <= 0)
		return;
	if (align == ALIGN_END)
		text_fit_end(&run, text, width, frame_ascii);
	else
		text_fit(&run, text, width, frame_ascii);
	if (selected)
		draw_fill(y, x, width, role, true);
	color_use(role, selected);
	x = align == ALIGN_RIGHT ? x + width - run.cells : x;
	put_cells(y, x, &run);
	if (marked)
		mark_found(y, x, text, &run, align == ALIGN_END, selected);
}

void draw_fill(int y, int x, int width, enum role role, bool selected)
{
	width = clip(y, x, width);
	color_use(role, selected);
	for (int i = 0; i < width; i++)
		mvaddch(y, x + i, ' ');
}
