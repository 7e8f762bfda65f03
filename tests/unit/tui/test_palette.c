/* SPDX-License-Identifier: MIT */
/* The contrast of every role on its backgrounds, as WCAG 2 defines it: at least 4.5 for
 * text, and 3 for what is marked by a sign too. The 16 colours are those of xterm and of
 * the Linux console; a selected row swaps text and background, which changes nothing. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/array.h"
#include "tui/palette.h"

#define BLACK 0x000000
#define WHITE 0xffffff

static const char *const theme_names[] = {"auto", "dark", "light"};

static const int sixteen[][16] = {
	{0x000000, 0xcd0000, 0x00cd00, 0xcdcd00, 0x0000ee, 0xcd00cd, 0x00cdcd, 0xe5e5e5,
	 0x7f7f7f, 0xff0000, 0x00ff00, 0xffff00, 0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff},
	{0x000000, 0xaa0000, 0x00aa00, 0xaa5500, 0x0000aa, 0xaa00aa, 0x00aaaa, 0xaaaaaa,
	 0x555555, 0xff5555, 0x55ff55, 0xffff55, 0x5555ff, 0xff55ff, 0x55ffff, 0xffffff},
};

static int rgb_of(int color, int terminal)
{
	static const int levels[] = {0, 0x5f, 0x87, 0xaf, 0xd7, 0xff};
	int cube = color - 16;

	if (color < 16)
		return sixteen[terminal][color];
	if (color >= 232)
		return 0x010101 * (8 + 10 * (color - 232));
	return levels[cube / 36] << 16 | levels[cube / 6 % 6] << 8 | levels[cube % 6];
}

static double linear(int value)
{
	double share = value / 255.0;

	return share <= 0.04045 ? share / 12.92 : pow((share + 0.055) / 1.055, 2.4);
}

static double luminance(int rgb)
{
	return 0.2126 * linear(rgb >> 16 & 0xff) + 0.7152 * linear(rgb >> 8 & 0xff) +
	       0.0722 * linear(rgb & 0xff);
}

static double contrast(int a, int b)
{
	double one = luminance(a), other = luminance(b);

	return one > other ? (one + 0.05) / (other + 0.05)
			   : (other + 0.05) / (one + 0.05);
}

/* The colour that the terminal shows: bold makes the first eight bright, on most. */
static int shown(const struct paint *paint, int colors, int terminal)
{
	int color = paint->color;

	if (colors > 256)
		return color;
	return rgb_of(colors == 8 && paint->bold && color < 8 ? color + 8 : color,
		      terminal);
}

/* Where red cannot be read on black and white alike, and where bold may not be bright. */
static double least(enum settings_theme theme, enum role role, int colors)
{
	bool marked = role == ROLE_STUCK || role == ROLE_ERROR || role == ROLE_WARN;

	if (theme != THEME_AUTO || colors > 256)
		return 4.5;
	return marked || colors < 256 ? 3 : 4.3;
}

static void measure(enum settings_theme theme, int colors, int terminal, int ground)
{
	for (int role = ROLE_NORMAL; role < ROLE_COUNT; role++) {
		struct paint paint = palette_paint(theme, (enum role)role, colors);
		double ratio;

		if (paint.color == PALETTE_NONE)
			continue;
		/* What has a colour is not dimmed as well. */
		assert_false(paint.dim);
		ratio = contrast(shown(&paint, colors, terminal), ground);
		if (ratio < least(theme, (enum role)role, colors))
			fail_msg("%s, %d colours, terminal %d: role %d on %06x has %.2f",
				 theme_names[theme], colors, terminal, role, ground,
				 ratio);
	}
}

static void test_text_is_legible(void **state)
{
	static const int counts[] = {8, 16, 256, 1 << 24};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(counts); i++)
		for (int terminal = 0; terminal < 2; terminal++) {
			/* With few colours, xterm is the one that may be white. */
			if (counts[i] >= 256 || terminal == 0)
				measure(THEME_AUTO, counts[i], terminal, BLACK);
			measure(THEME_AUTO, counts[i], terminal, WHITE);
			measure(THEME_DARK, counts[i], terminal, BLACK);
			measure(THEME_LIGHT, counts[i], terminal, WHITE);
		}
	/* Many terminals are not quite black or white. */
	for (size_t i = 2; i < ARRAY_COUNT(counts); i++) {
		measure(THEME_DARK, counts[i], 0, 0x1e1e1e);
		measure(THEME_LIGHT, counts[i], 0, 0xfafafa);
	}
}

/* Colours that stand beside each other are different ones. */
static void test_what_is_wrong_differs(void **state)
{
	static const int counts[] = {8, 16, 256, 1 << 24};

	(void)state;
	for (int theme = THEME_AUTO; theme <= THEME_LIGHT; theme++)
		for (size_t i = 0; i < ARRAY_COUNT(counts); i++) {
			enum settings_theme at = (enum settings_theme)theme;
			struct paint stuck = palette_paint(at, ROLE_STUCK, counts[i]);
			struct paint warn = palette_paint(at, ROLE_WARN, counts[i]);

			assert_int_not_equal(stuck.color, PALETTE_NONE);
			assert_int_not_equal(warn.color, PALETTE_NONE);
			assert_int_not_equal(stuck.color, warn.color);
			for (int role = ROLE_CLASS_CHANNEL; role < ROLE_COUNT; role++) {
				struct paint paint =
					palette_paint(at, (enum role)role, counts[i]);

				assert_int_not_equal(paint.color, stuck.color);
				assert_int_not_equal(paint.color, warn.color);
			}
		}
}

static void test_without_colours(void **state)
{
	(void)state;
	for (int role = ROLE_NORMAL; role < ROLE_COUNT; role++)
		assert_int_equal(palette_paint(THEME_AUTO, (enum role)role, 0).color,
				 PALETTE_NONE);
	assert_true(palette_paint(THEME_AUTO, ROLE_STUCK, 0).bold);
	assert_true(palette_paint(THEME_AUTO, ROLE_TITLE, 0).underline);
	assert_false(palette_paint(THEME_AUTO, ROLE_NORMAL, 0).bold);
}

static void test_environment_tells_the_background(void **state)
{
	(void)state;
	assert_int_equal(palette_guess("linux", NULL), THEME_DARK);
	assert_int_equal(palette_guess("xterm", NULL), THEME_AUTO);
	assert_int_equal(palette_guess(NULL, "15;0"), THEME_DARK);
	assert_int_equal(palette_guess("rxvt", "0;default;15"), THEME_LIGHT);
	assert_int_equal(palette_guess("rxvt", "0;7"), THEME_LIGHT);
	assert_int_equal(palette_guess("rxvt", "0;default"), THEME_AUTO);
	assert_int_equal(palette_guess("rxvt", ""), THEME_AUTO);
	assert_int_equal(palette_guess("rxvt", "0;99999999999"), THEME_AUTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_is_legible),
		cmocka_unit_test(test_what_is_wrong_differs),
		cmocka_unit_test(test_without_colours),
		cmocka_unit_test(test_environment_tells_the_background),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
