/* SPDX-License-Identifier: MIT */
#include "base/oneline.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

#define CUT        "…"
#define CHARACTER  4u  /* bytes of one in UTF-8 */
#define PIECE      12u /* of one that is escaped */
#define FORMAT_MAX 128u

void oneline_init(struct oneline *text, char *out, size_t size)
{
	*text = (struct oneline){.out = out, .size = size};
	out[0] = 0;
}

/* A character is written as a whole or not at all. */
static void put_bytes(struct oneline *text, const char *bytes, size_t nr)
{
	if (text->full)
		return;
	if (nr > text->size - text->used - sizeof(CUT)) {
		text->full = true;
		bytes = CUT;
		nr = strlen(CUT);
	}
	memcpy(text->out + text->used, bytes, nr);
	text->used += nr;
	text->out[text->used] = 0;
}

void oneline_put(struct oneline *text, const char *more)
{
	size_t left = strlen(more);

	while (left > 0 && !text->full) {
		uint32_t point;
		size_t length = utf8_decode(more, left, &point);

		if (length == 0)
			length = 1;
		put_bytes(text, more, length);
		more += length;
		left -= length;
	}
}

void oneline_printf(struct oneline *text, const char *format, ...)
{
	char piece[FORMAT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(piece, sizeof(piece), format, args);
	va_end(args);
	oneline_put(text, piece);
}

/* Writes one character, escaped if it is not printable; returns its length. */
static size_t put_character(struct oneline *text, const uint8_t *at, size_t nr)
{
	uint32_t point = 0;
	size_t length = utf8_decode(at, nr, &point);
	char piece[PIECE];

	if (text->raw || (length && !utf8_is_treacherous(point))) {
		length = length ? length : 1;
		put_bytes(text, (const char *)at, length);
		return length;
	}
	if (length < 2)
		snprintf(piece, sizeof(piece), "\\x%02x", at[0]);
	else
		snprintf(piece, sizeof(piece), "\\u{%x}", (unsigned)point);
	put_bytes(text, piece, strlen(piece));
	return length ? length : 1;
}

void oneline_clean(struct oneline *text, const void *bytes, size_t nr)
{
	const uint8_t *at = bytes;

	for (size_t i = 0; i < nr && !text->full;)
		i += put_character(text, at + i, nr - i);
}

/* Leaves out a character whose end is missing. */
static size_t whole_characters(const uint8_t *at, size_t nr)
{
	size_t back = 0;
	uint32_t point;

	while (back < nr && back < CHARACTER - 1 && (at[nr - 1 - back] & 0xc0) == 0x80)
		back++;
	if (back < nr && at[nr - 1 - back] >= 0xc0 &&
	    utf8_decode(at + nr - 1 - back, back + 1, &point) == 0)
		return nr - 1 - back;
	return nr;
}

void oneline_quote(struct oneline *text, char quote, const void *bytes, size_t nr,
		   uint64_t missing)
{
	static const char escapes[] = "\a\b\t\n\v\f\r\\", letters[] = "abtnvfr\\";
	const char mark[] = {quote, 0};
	const uint8_t *at = bytes;
	size_t whole = missing ? whole_characters(at, nr) : nr;

	oneline_put(text, mark);
	for (size_t i = 0; i < whole && !text->full;) {
		const char *found = at[i] ? strchr(escapes, at[i]) : NULL;

		if (found || at[i] == (uint8_t)quote) {
			char piece[] = {'\\', found ? letters[found - escapes] : quote};

			put_bytes(text, piece, sizeof(piece));
			i++;
		} else {
			i += put_character(text, at + i, whole - i);
		}
	}
	oneline_put(text, mark);
	if (missing)
		oneline_printf(text, "...+%" PRIu64 " more", missing + (nr - whole));
}
