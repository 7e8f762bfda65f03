/* SPDX-License-Identifier: MIT */
/*
 * One table with the look of each role in each theme, on terminals with 8, 16, 256 and
 * 16M colours. Where no colour of a terminal can be read on the background, a role has
 * none: its mark or word says the same. tests/unit/tui/test_palette.c measures the contrast.
 */
#include "tui/palette.h"

#include <stdlib.h>
#include <string.h>

#define NONE PALETTE_NONE
#define ALL  (BOLD_8 | BOLD_MORE)

/* The weight on terminals with 8, and with more colours: bold makes the colours of the
 * former bright. A colour that is dimmed too can no longer be read, so text is dimmed
 * only where it has no colour. */
enum { BOLD_8 = 1, BOLD_MORE = 2, DIM_8 = 4, DIM_16 = 8, DIM_NONE = 16, LINE = 32 };

struct look {
	unsigned weight;
	int color_8, color_16, color_256, color_rgb;
};

static const struct look plain = {0, NONE, NONE, NONE, NONE};

static const struct look looks[THEME_NONE][ROLE_COUNT] =
	{
		/* The background is unknown, and may be black or white. */
		[THEME_AUTO] =
			{
				[ROLE_DIM] = {DIM_8 | DIM_16 | DIM_NONE, NONE, NONE, 243,
					      0x767676},
				[ROLE_STRONG] = {ALL, NONE, NONE, NONE, NONE},
				[ROLE_KEY] = {ALL, NONE, NONE, 30, 0x008484},
				[ROLE_TITLE] = {ALL | LINE, NONE, NONE, NONE, NONE},
				[ROLE_STUCK] = {ALL, 1, 9, 196, 0xee0000},
				[ROLE_WARN] = {0, 5, 5, 130, 0xb06000},
				[ROLE_ERROR] = {ALL, 1, 9, 196, 0xee0000},
				[ROLE_GOOD] = {0, NONE, NONE, 28, 0x008800},
				[ROLE_CLASS_CHANNEL] = {0, NONE, NONE, 163, 0xd700af},
				[ROLE_CLASS_LOCK] = {0, NONE, NONE, 30, 0x008484},
				[ROLE_CLASS_IO] = {0, NONE, 12, 63, 0x5f5fff},
				[ROLE_CLASS_TIMER] = {0, NONE, NONE, 243, 0x767676},
				[ROLE_CLASS_PROCESS] = {0, NONE, NONE, 243, 0x767676},
				[ROLE_CLASS_RUN] = {0, NONE, NONE, 28, 0x008800},
			},
		[THEME_DARK] =
			{
				[ROLE_DIM] = {DIM_NONE, NONE, 7, 247, 0x9e9e9e},
				[ROLE_STRONG] = {ALL, NONE, NONE, NONE, NONE},
				[ROLE_KEY] = {ALL, 6, 14, 80, 0x5fd7d7},
				[ROLE_TITLE] = {ALL | LINE, NONE, NONE, NONE, NONE},
				[ROLE_STUCK] = {ALL, 1, 9, 203, 0xff5f5f},
				[ROLE_WARN] = {BOLD_8, 3, 11, 220, 0xffd700},
				[ROLE_ERROR] = {ALL, 1, 9, 203, 0xff5f5f},
				[ROLE_GOOD] = {0, 2, 10, 114, 0x87d787},
				[ROLE_CLASS_CHANNEL] = {BOLD_8, 5, 13, 177, 0xd787ff},
				[ROLE_CLASS_LOCK] = {0, 6, 14, 80, 0x5fd7d7},
				[ROLE_CLASS_IO] = {0, 6, 6, 111, 0x87afff},
				[ROLE_CLASS_TIMER] = {0, NONE, 7, 247, 0x9e9e9e},
				[ROLE_CLASS_PROCESS] = {0, NONE, 7, 247, 0x9e9e9e},
				[ROLE_CLASS_RUN] = {0, 2, 10, 114, 0x87d787},
			},
		/* Bright colours fade on white, so nothing coloured is bold with 8 colours. */
		[THEME_LIGHT] =
			{
				[ROLE_DIM] = {DIM_8 | DIM_16 | DIM_NONE, NONE, NONE, 241,
					      0x626262},
				[ROLE_STRONG] = {ALL, NONE, NONE, NONE, NONE},
				[ROLE_KEY] = {BOLD_MORE, 4, 4, 24, 0x005f87},
				[ROLE_TITLE] = {ALL | LINE, NONE, NONE, NONE, NONE},
				[ROLE_STUCK] = {BOLD_MORE, 1, 1, 160, 0xd70000},
				[ROLE_WARN] = {0, 5, 5, 94, 0x875f00},
				[ROLE_ERROR] = {BOLD_MORE, 1, 1, 160, 0xd70000},
				[ROLE_GOOD] = {0, NONE, NONE, 28, 0x008700},
				[ROLE_CLASS_CHANNEL] = {0, NONE, NONE, 90, 0x870087},
				[ROLE_CLASS_LOCK] = {0, NONE, NONE, 23, 0x005f5f},
				[ROLE_CLASS_IO] = {0, 4, 4, 25, 0x005faf},
				[ROLE_CLASS_TIMER] = {0, NONE, NONE, 241, 0x626262},
				[ROLE_CLASS_PROCESS] = {0, NONE, NONE, 241, 0x626262},
				[ROLE_CLASS_RUN] = {0, NONE, NONE, 28, 0x008700},
			},
};

struct paint palette_paint(enum settings_theme theme, enum role role, int colors)
{
	const struct look *look =
		role > ROLE_NORMAL && role < ROLE_COUNT && theme < THEME_NONE
			? &looks[theme][role]
			: &plain;
	unsigned bold = colors < 16 && colors > 0 ? BOLD_8 : BOLD_MORE;
	unsigned dim = colors == 0 ? DIM_NONE : colors < 16 ? DIM_8 : DIM_16;

	if (role == ROLE_NORMAL || role == ROLE_CLASS_OTHER)
		look = &plain;
	return (struct paint){
		.color = colors > 256    ? look->color_rgb
			 : colors == 256 ? look->color_256
			 : colors >= 16  ? look->color_16
			 : colors > 0    ? look->color_8
					 : NONE,
		.bold = (look->weight & bold) != 0,
		.dim = colors < 256 && (look->weight & dim) != 0,
		.underline = (look->weight & LINE) != 0,
	};
}

enum settings_theme palette_guess(const char *term, const char *colorfgbg)
{
	const char *ground = colorfgbg ? strrchr(colorfgbg, ';') : NULL;
	char *end;
	long color;

	if (term && strncmp(term, "linux", 5) == 0)
		return THEME_DARK;
	if (!ground)
		return THEME_AUTO;
	color = strtol(ground + 1, &end, 10);
	if (end == ground + 1 || *end != '\0' || color < 0 || color > 15)
		return THEME_AUTO;
	/* Of the usual 16 colours, white and light grey are light. */
	return color == 7 || color == 15 ? THEME_LIGHT : THEME_DARK;
}
