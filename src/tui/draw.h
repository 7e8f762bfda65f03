/* SPDX-License-Identifier: MIT */
/* The only way to the screen: text in cells, escaped and cut with a sign. Coordinates
 * outside the screen draw nothing. */
#ifndef TUI_DRAW_H
#define TUI_DRAW_H

#include "tui/color.h"
#include "tui/text.h"

struct area {
	int y, x, height, width;
};

/* Everything is redrawn each frame; what did not change is not sent. */
void draw_begin(bool ascii);
void draw_end(void);
void draw_size(int *height, int *width);
/* The visible cursor of a line that is edited; y < 0: none. */
void draw_cursor(int y, int x);

/* At most width cells; returns how many were used. */
int draw_text(int y, int x, int width, enum role role, bool selected, const char *text);
enum align {
	ALIGN_LEFT,
	ALIGN_RIGHT,
	ALIGN_END, /* left; a text that does not fit loses its beginning */
};

/* At most width cells, aligned in them; selected: exactly width. */
void draw_cell(int y, int x, int width, enum align align, enum role role, bool selected,
	       const char *text);
void draw_fill(int y, int x, int width, enum role role, bool selected);
/* A horizontal line. */
void draw_rule(int y, int x, int width);
bool draw_ascii(void);

#endif
