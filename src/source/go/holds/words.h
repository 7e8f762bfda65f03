/* SPDX-License-Identifier: MIT */
/* Says what the bytes of a string read like, and whether they say anything at all. */
#ifndef SOURCE_GO_HOLDS_WORDS_H
#define SOURCE_GO_HOLDS_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/holds.h"

/* Returns true if the bytes are UTF-8 without control characters other than tabs and line
 * ends, and without characters that reorder or hide text. cut: they are the beginning of
 * a longer text, so the last character may be incomplete. */
bool go_words_valid(const char *bytes, size_t nr, bool cut);
/* What a valid text reads like. */
enum held_text go_words_read(const char *text, size_t nr);
/* Returns true if the text is one of those that every Go program is full of: names of
 * types, source files and packages, variables of the environment. */
bool go_words_are_noise(const char *text, size_t nr);
/* Copies a valid text as one line: spaces, tabs and line ends become one space, and what
 * does not fit in HOLDS_TEXT_MAX is replaced by "…". Returns its length. */
#define GO_WORDS_SIZE (HOLDS_TEXT_MAX + 4u)
size_t go_words_copy(const char *text, size_t nr, bool cut, char out[GO_WORDS_SIZE]);

#endif
