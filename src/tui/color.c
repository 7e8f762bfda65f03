/* SPDX-License-Identifier: MIT */
/* Gives the roles of the palette to curses, as far as the terminal supports them. */
#include "tui/color.h"

#define NCURSES_NOMACROS
#include <curses.h>
#include <stdlib.h>

#include "tui/palette.h"

#define PAIR_FOUND (ROLE_COUNT + 1)

/* Set by color_init(). Only one thread draws. */
static attr_t attributes[ROLE_COUNT];

static attr_t attributes_of(const struct paint *paint)
{
	return (paint->bold ? A_BOLD : A_NORMAL) | (paint->dim ? A_DIM : A_NORMAL) |
	       (paint->underline ? A_UNDERLINE : A_NORMAL);
}

/* What is found has a ground of its own: black on yellow in each theme. */
static void init_found(void)
{
	int black = COLORS >= 256 ? 16 : COLOR_BLACK;
	int yellow = COLORS >= 256 ? 220 : COLORS >= 16 ? 11 : COLOR_YELLOW;

	if (COLORS > 256) {
		black = 0x000000;
		yellow = 0xffd700;
	}
	init_extended_pair(PAIR_FOUND, black, yellow);
}

void color_init(const struct settings *settings)
{
	bool wanted = !settings->no_color && settings->theme != THEME_NONE;
	bool works = wanted && has_colors() && start_color() == OK && COLORS >= 8;
	int ground = works && use_default_colors() == OK ? -1 : COLOR_BLACK;
	enum settings_theme theme = settings->theme;

	if (theme == THEME_AUTO)
		theme = palette_guess(getenv("TERM"), getenv("COLORFGBG"));
	/* Without default colours, curses makes the background black. */
	if (ground == COLOR_BLACK)
		theme = THEME_DARK;
	for (int role = 0; role < ROLE_COUNT; role++) {
		struct paint paint =
			palette_paint(theme, (enum role)role, works ? COLORS : 0);

		attributes[role] = attributes_of(&paint);
		if (!works)
			continue;
		if (paint.color == PALETTE_NONE && ground != -1)
			paint.color = COLOR_WHITE;
		init_extended_pair(role + 1, paint.color, ground);
	}
	if (works)
		init_found();
}

/* Without colour, start_color() was not called and COLOR_PAIRS is 0. */
static bool has_pairs(void)
{
	return COLOR_PAIRS > PAIR_FOUND;
}

static bool receded;

void color_recede(bool on)
{
	receded = on;
}

void color_use(enum role role, bool selected)
{
	attr_t look = attributes[role];

	if (selected)
		look = (look & ~(attr_t)A_DIM) | A_REVERSE | (receded ? A_DIM : 0);
	attr_set(look, has_pairs() ? (short)(role + 1) : 0, NULL);
}

void color_found(int y, int x, int cells, bool selected)
{
	attr_t look = A_UNDERLINE;

	/* Without colour: reversed, or, in a row that is, not. */
	if (!has_pairs())
		look |= selected ? A_BOLD : A_REVERSE;
	mvchgat(y, x, cells, look, has_pairs() ? PAIR_FOUND : 0, NULL);
}
