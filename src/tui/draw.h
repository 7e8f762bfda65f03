/* SPDX-License-Identifier: MIT */
/* The only way to draw: text in cells, escaped, with a sign where it is cut. Drawing
 * outside the screen has no effect. */
#ifndef TUI_DRAW_H
#define TUI_DRAW_H

#include "core/pattern.h"
#include "tui/color.h"
#include "tui/text.h"

struct area {
	int y, x, height, width;
};

/* Every frame draws everything; curses sends only what changed. */
void draw_begin(bool ascii);
void draw_end(void);
void draw_size(int *height, int *width);
/* Shows the cursor in a line that is edited; y < 0 hides it. */
void draw_cursor(int y, int x);

/* Draws at most width cells; returns the number drawn. */
int draw_text(int y, int x, int width, enum role role, bool selected, const char *text);
enum align {
	ALIGN_LEFT,
	ALIGN_RIGHT,
	ALIGN_END, /* to the left; text that does not fit loses its beginning */
};

/* Draws at most width cells, aligned; if selected, exactly width cells. */
void draw_cell(int y, int x, int width, enum align align, enum role role, bool selected,
	       const char *text);
void draw_fill(int y, int x, int width, enum role role, bool selected);
bool draw_ascii(void);
/* Marks where the texts drawn from now on have the pattern, or, if that part is cut, the
 * sign of the cut. NULL: marks nothing. The pattern must stay valid until then. */
void draw_mark(const struct pattern *pattern);

#endif
