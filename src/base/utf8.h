/* SPDX-License-Identifier: MIT */
/* Decodes UTF-8 strictly: no overlong forms, no surrogates. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Returns the length of the valid sequence at text, of which at most `bytes` bytes are
 * read, or 0. Of a text with a NUL at its end, `bytes` may be larger than the rest. */
size_t utf8_decode(const void *text, size_t bytes, uint32_t *point);
/* Returns true for characters that move, reorder or hide the characters around them, such
 * as control characters. */
bool utf8_is_treacherous(uint32_t point);
/* Returns whether the text is valid and has no such characters. */
bool utf8_is_clean(const void *text, size_t bytes);

#endif
