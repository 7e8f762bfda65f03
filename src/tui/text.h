/* SPDX-License-Identifier: MIT */
/* Bytes of unknown origin as cells of a terminal: width-correct, bounded, and without
 * anything that a terminal would act on. Knows nothing of curses. */
#ifndef TUI_TEXT_H
#define TUI_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wchar.h>

#define TEXT_CELLS_MAX 512 /* what is wider is cut */
#define TEXT_UNIT_MAX  8   /* wide characters of one unit */

/* What one step through a text gives: a character with its combining marks, or an escape
 * such as \x1b for a byte that is not shown as it is. */
struct text_unit {
	wchar_t chars[TEXT_UNIT_MAX];
	size_t count;
	int cells;
};

struct text_run {
	wchar_t chars[(TEXT_CELLS_MAX + 1) * 4 + TEXT_UNIT_MAX];
	size_t count;
	int cells;
	bool cut;
};

/* Returns the bytes that the unit takes of text; 0 at its end. ascii: everything beyond
 * ASCII is escaped. */
size_t text_step(const char *text, size_t length, bool ascii, struct text_unit *unit);
/* As much of text as fits into width cells. If that is not all, the last cell is a cut
 * sign. */
void text_fit(struct text_run *run, const char *text, int width, bool ascii);
/* The same, but of what does not fit the beginning is left out. */
void text_fit_end(struct text_run *run, const char *text, int width, bool ascii);
/* Cells that all of text takes; counts up to max. */
int text_cells(const char *text, int max, bool ascii);
/* Bytes of text that make one line of at most width cells, broken at a space where one is
 * near the end; at least one unit. skip: spaces to leave out after it. */
size_t text_wrap(const char *text, int width, bool ascii, size_t *skip);

#define TEXT_SIZE_MAX 16
/* "812B", "3.4K", "120M", "1.2G"; "-" for less than 0. At most 5 cells. */
const char *text_size(int64_t bytes, char out[TEXT_SIZE_MAX]);

#endif
