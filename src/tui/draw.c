/* SPDX-License-Identifier: MIT */
/* Writes cells to curses' screen. Only this file passes characters to curses, so every
 * byte that reaches the terminal has been checked by text.c. */
#include "tui/draw.h"

#define NCURSES_NOMACROS
#include <curses.h>

/* Set by draw_begin(). Only one thread draws. */
static bool frame_ascii;
static int cursor_y = -1, cursor_x;

void draw_begin(bool ascii)
{
	frame_ascii = ascii;
	cursor_y = -1;
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

int draw_text(int y, int x, int width, enum role role, bool selected, const char *text)
{
	struct text_run run;

	width = clip(y, x, width);
	if (width <= 0)
		return 0;
	text_fit(&run, text, width, frame_ascii);
	color_use(role, selected);
	put_cells(y, x, &run);
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
	put_cells(y, align == ALIGN_RIGHT ? x + width - run.cells : x, &run);
}

void draw_fill(int y, int x, int width, enum role role, bool selected)
{
	width = clip(y, x, width);
	color_use(role, selected);
	for (int i = 0; i < width; i++)
		mvaddch(y, x + i, ' ');
}
