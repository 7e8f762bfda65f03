/* SPDX-License-Identifier: MIT */
/* Numbers in the notation of users: decimal digits, independent of the locale. */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NUMBER_DIGITS_MAX 21
/* Writes the decimal digits and a NUL. Returns how many digits. Much faster than
 * printf(). */
size_t number_digits(uint64_t number, char out[NUMBER_DIGITS_MAX]);

#define NUMBER_TEXT_MAX 28
/* Formats a count as "2,020". */
const char *number_format(int64_t number, char out[NUMBER_TEXT_MAX]);

/* Parses "0" … "999999". Returns false if the text is not a number or is larger than
 * `most`. */
bool number_parse(const char *text, int64_t most, int64_t *number);
/* Parses a size such as "500k", "1.5M" or "1G" (in powers of 1024) into bytes. Returns
 * false if the text is not a size or the result does not fit. */
bool number_parse_size(const char *text, int64_t *bytes);

#endif
