/* SPDX-License-Identifier: MIT */
/* Converts bytes of unknown origin to terminal cells: with correct widths, bounded, and
 * without anything that the terminal would interpret. Does not use curses. */
#ifndef TUI_TEXT_H
#define TUI_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wchar.h>

#define TEXT_CELLS_MAX 512 /* wider text is cut */
#define TEXT_UNIT_MAX  8   /* wide characters per unit */

/* One step through a text: a character with its combining marks, or an escape such as
 * \x1b for a byte that cannot be shown. */
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

/* Returns the bytes that the unit occupies, or 0 at the end of text. With ascii,
 * everything outside ASCII is escaped. */
size_t text_step(const char *text, size_t length, bool ascii, struct text_unit *unit);
/* Fits text into width cells. If it does not fit, the last cell is a cut sign. */
void text_fit(struct text_run *run, const char *text, int width, bool ascii);
/* Like text_fit(), but text that does not fit loses its beginning. */
void text_fit_end(struct text_run *run, const char *text, int width, bool ascii);
/* Returns the cells that text needs; counts up to max. */
int text_cells(const char *text, int max, bool ascii);
/* Returns the bytes of text for one line of at most width cells, at least one unit.
 * Breaks at the last space, unless that would leave the line nearly empty; *skip is the number of spaces to leave
 * out after the line. */
size_t text_wrap(const char *text, int width, bool ascii, size_t *skip);

#define TEXT_SIZE_MAX 16
/* Formats "812B", "3.4K", "120M", "1.2G", or "-" for negative values. At most 5 cells. */
const char *text_size(int64_t bytes, char out[TEXT_SIZE_MAX]);

#endif
