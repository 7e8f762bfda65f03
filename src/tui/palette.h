/* SPDX-License-Identifier: MIT */
/* The colour and weight of each role, per theme and number of colours. Knows no curses,
 * so that a test can measure how legible they are. */
#ifndef TUI_PALETTE_H
#define TUI_PALETTE_H

#include "tui/color.h"

#define PALETTE_NONE (-1) /* the terminal's own colour */

struct paint {
	/* a number of a terminal with up to 256 colours, or 0xRRGGBB; or PALETTE_NONE */
	int color;
	bool bold, dim, underline;
};

/* theme is not THEME_NONE, which is told by `colors` 0. */
struct paint palette_paint(enum settings_theme theme, enum role role, int colors);
/* Returns THEME_DARK or THEME_LIGHT if the environment tells the background, otherwise
 * THEME_AUTO: the Linux console is black, and some terminals set COLORFGBG, as
 * "15;0". The values may be NULL. */
enum settings_theme palette_guess(const char *term, const char *colorfgbg);

#endif
