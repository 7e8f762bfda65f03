/* SPDX-License-Identifier: MIT */
/* Bytes from a target made fit for a terminal or for JSON, whatever they are. */
#ifndef OUT_ESCAPE_H
#define OUT_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Display cells of text as escape_text() would write it. */
size_t escape_cells(const char *text, bool ascii);
/*
 * Append text for a terminal: control characters, characters that reorder or hide text and
 * bytes that are no UTF-8 become \n, \t, \xNN or \u{NNNN}; with ascii, everything beyond
 * ASCII too. max_cells: 0 for no limit, else what does not fit is cut behind an ellipsis.
 * Returns the cells written.
 */
size_t escape_text(struct buf *out, const char *text, size_t max_cells, bool ascii);
/* Append text as a JSON string with its quotes. Always valid UTF-8: bytes that are not
 * become U+FFFD. NULL gives null. */
void escape_json(struct buf *out, const char *text);

#endif
