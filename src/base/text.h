/* SPDX-License-Identifier: MIT */
/* Bytes and NUL-terminated texts, regardless of the locale. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <string.h>

static inline bool byte_is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

static inline bool byte_is_upper(char byte)
{
	return byte >= 'A' && byte <= 'Z';
}

static inline bool byte_is_letter(char byte)
{
	return byte_is_upper(byte) || (byte >= 'a' && byte <= 'z');
}

static inline bool byte_is_blank(char byte)
{
	return byte == ' ' || byte == '\t';
}

static inline bool byte_is_space(char byte)
{
	return byte_is_blank(byte) || byte == '\n' || byte == '\r';
}

/* Returns the value of a hexadecimal digit, or -1. */
static inline int byte_hex_value(char byte)
{
	if (byte_is_digit(byte))
		return byte - '0';
	byte |= 'a' ^ 'A';
	return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

static inline bool text_starts_with(const char *text, const char *beginning)
{
	return strncmp(text, beginning, strlen(beginning)) == 0;
}

static inline bool text_ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), bytes = strlen(end);

	return length >= bytes && memcmp(text + length - bytes, end, bytes) == 0;
}

/* Returns whether the text matches a pattern in which '*' stands for any text. Where the
 * pattern ends, the text may also continue with one of the bytes in `stops`. The cost is
 * at most the product of both lengths. */
bool text_matches(const char *text, const char *pattern, const char *stops);

#endif
