/* SPDX-License-Identifier: MIT */
/* Makes arbitrary bytes of a target safe for a terminal or for JSON. */
#ifndef OUT_ESCAPE_H
#define OUT_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Returns the display cells that escape_text() would write. */
size_t escape_cells(const char *text, bool ascii);
/*
 * Appends text for a terminal. Control characters, characters that reorder or hide text,
 * and bytes that are not UTF-8 become \n, \t, \xNN or \u{NNNN}; with ascii set, so does
 * everything outside ASCII. If max_cells is not 0, longer text is cut and ends with an
 * ellipsis. Returns the number of cells written.
 */
size_t escape_text(struct buf *out, const char *text, size_t max_cells, bool ascii);
/* Appends text as a JSON string with its quotes. The output is always valid UTF-8:
 * invalid bytes become U+FFFD. NULL becomes null. */
void escape_json(struct buf *out, const char *text);

#endif
