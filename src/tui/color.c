/* SPDX-License-Identifier: MIT */
/* One table with the attributes of each role and its colour on terminals with 8, 16, 256
 * and 16M colours. The colours have medium brightness, to be readable on dark and on
 * light backgrounds. */
#include "tui/color.h"

#define NCURSES_NOMACROS
#include <curses.h>

#define NONE (-1)

static const struct {
	attr_t attributes;       /* with colour */
	attr_t plain_attributes; /* without colour */
	int color_8;
	int color_16;
	int color_256;
	int color_rgb;
} roles[ROLE_COUNT] = {
	[ROLE_NORMAL] = {A_NORMAL, A_NORMAL, NONE, NONE, NONE, NONE},
	[ROLE_DIM] = {A_DIM, A_DIM, NONE, 8, 244, 0x808080},
	[ROLE_STRONG] = {A_BOLD, A_BOLD, NONE, NONE, NONE, NONE},
	[ROLE_KEY] = {A_BOLD, A_BOLD, COLOR_CYAN, COLOR_CYAN, 37, 0x00a0a0},
	[ROLE_TITLE] = {A_BOLD | A_UNDERLINE, A_BOLD | A_UNDERLINE, NONE, NONE, NONE,
			NONE},
	[ROLE_STUCK] = {A_BOLD, A_BOLD, COLOR_RED, 9, 196, 0xf03030},
	[ROLE_WARN] = {A_NORMAL, A_NORMAL, COLOR_YELLOW, COLOR_YELLOW, 172, 0xd08700},
	[ROLE_ERROR] = {A_BOLD, A_BOLD, COLOR_RED, 9, 196, 0xf03030},
	[ROLE_GOOD] = {A_NORMAL, A_NORMAL, COLOR_GREEN, COLOR_GREEN, 71, 0x4fa04f},
	[ROLE_CLASS_CHANNEL] = {A_NORMAL, A_NORMAL, COLOR_MAGENTA, COLOR_MAGENTA, 134,
				0xb060d0},
	[ROLE_CLASS_LOCK] = {A_NORMAL, A_NORMAL, COLOR_CYAN, COLOR_CYAN, 37, 0x00a0a0},
	[ROLE_CLASS_IO] = {A_NORMAL, A_NORMAL, COLOR_BLUE, 12, 69, 0x5f87ff},
	[ROLE_CLASS_TIMER] = {A_NORMAL, A_NORMAL, NONE, 8, 244, 0x808080},
	[ROLE_CLASS_PROCESS] = {A_NORMAL, A_NORMAL, NONE, 8, 244, 0x808080},
	[ROLE_CLASS_RUN] = {A_NORMAL, A_NORMAL, COLOR_GREEN, COLOR_GREEN, 71, 0x4fa04f},
	[ROLE_CLASS_OTHER] = {A_NORMAL, A_NORMAL, NONE, NONE, NONE, NONE},
};

void color_init(bool no_color)
{
	bool works = !no_color && has_colors() && start_color() == OK && COLORS >= 8;
	int ground = works && use_default_colors() == OK ? -1 : COLOR_BLACK;

	for (int role = 0; works && role < ROLE_COUNT; role++) {
		int color = COLORS > 256    ? roles[role].color_rgb
			    : COLORS == 256 ? roles[role].color_256
			    : COLORS >= 16  ? roles[role].color_16
					    : roles[role].color_8;

		if (color == NONE && ground != -1)
			color = COLOR_WHITE;
		init_extended_pair(role + 1, color, ground);
	}
}

void color_use(enum role role, bool selected)
{
	/* Without colour, start_color() was not called and COLOR_PAIRS is 0. */
	bool works = COLOR_PAIRS > ROLE_COUNT;
	attr_t attributes = works ? roles[role].attributes : roles[role].plain_attributes;

	if (selected)
		attributes = (attributes & ~(attr_t)A_DIM) | A_REVERSE;
	attr_set(attributes, works ? (short)(role + 1) : 0, NULL);
}
