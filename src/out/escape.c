/* SPDX-License-Identifier: MIT */
/* Writes only characters that are harmless. */
#include "out/escape.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include "base/utf8.h"

#define PIECE_MAX 16
#define UTF8_MAX  4 /* bytes of a character; the text ends with a NUL */

/* One character of the text: the bytes to write and their width. */
struct piece {
	char bytes[PIECE_MAX];
	size_t length;
	size_t cells;
};

static void piece_hex(struct piece *piece, bool is_byte, unsigned value)
{
	int length = is_byte ? snprintf(piece->bytes, PIECE_MAX, "\\x%02x", value)
			     : snprintf(piece->bytes, PIECE_MAX, "\\u{%x}", value);

	piece->length = length > 0 ? (size_t)length : 0;
	piece->cells = piece->length;
}

/* Takes one character off *text, which must not be at its end. */
static void piece_next(struct piece *piece, const char **text, bool ascii)
{
	const unsigned char *bytes = (const unsigned char *)*text;
	uint32_t point = 0;
	size_t length = utf8_decode(bytes, UTF8_MAX, &point);
	int width;

	if (length == 0) {
		piece_hex(piece, true, bytes[0]);
		*text += 1;
		return;
	}
	*text += length;
	if (point == '\n' || point == '\t' || point == '\r') {
		memcpy(piece->bytes,
		       point == '\n'   ? "\\n"
		       : point == '\t' ? "\\t"
				       : "\\r",
		       2);
		piece->length = piece->cells = 2;
		return;
	}
	if (point < 0x80 && !utf8_is_treacherous(point)) {
		piece->bytes[0] = (char)point;
		piece->length = piece->cells = 1;
		return;
	}
	if (ascii || utf8_is_treacherous(point)) {
		piece_hex(piece, point < 0x80, point);
		return;
	}
	memcpy(piece->bytes, bytes, length);
	piece->length = length;
	/* Outside a UTF-8 locale, wcwidth() knows only ASCII: assume one cell. */
	width = wcwidth((wchar_t)point);
	piece->cells = width < 0 ? 1 : (size_t)width;
}

/* Returns whether one of eight bytes is not printable ASCII, or a quote or a backslash if
 * these are special. It may say so of a byte after such a one. */
static bool any_special(uint64_t word, bool quotes)
{
	const uint64_t ones = 0x0101010101010101ull, tops = ones * 0x80;
	uint64_t found = word | (word - ones * 0x20) | ((word ^ ones * 0x7f) - ones);

	if (quotes)
		found |= ((word ^ ones * '"') - ones) | ((word ^ ones * '\\') - ones);
	return (found & tops) != 0;
}

/* Returns how many bytes at the beginning can be written as they are: nearly always all. */
static size_t plain_bytes(const char *text, size_t length, bool quotes)
{
	size_t at = 0;
	uint64_t word;

	for (; at + sizeof(word) <= length; at += sizeof(word)) {
		memcpy(&word, text + at, sizeof(word));
		if (any_special(word, quotes))
			break;
	}
	while (at < length && text[at] >= 0x20 && text[at] < 0x7f &&
	       !(quotes && (text[at] == '"' || text[at] == '\\')))
		at++;
	return at;
}

size_t escape_cells(const char *text, bool ascii)
{
	size_t cells = plain_bytes(text, strlen(text), false);
	struct piece piece;

	text += cells;
	while (*text) {
		piece_next(&piece, &text, ascii);
		cells += piece.cells;
	}
	return cells;
}

size_t escape_text(struct buf *out, const char *text, size_t max_cells, bool ascii)
{
	const char *ellipsis = ascii ? "~" : "\xe2\x80\xa6";
	bool cut = max_cells > 0 && escape_cells(text, ascii) > max_cells;
	size_t length = strlen(text), room = cut ? max_cells - 1 : SIZE_MAX;
	size_t cells = plain_bytes(text, length < room ? length : room, false);
	struct piece piece;

	buf_append(out, text, cells);
	text += cells;
	while (*text) {
		piece_next(&piece, &text, ascii);
		if (piece.cells > room - cells)
			break;
		buf_append(out, piece.bytes, piece.length);
		cells += piece.cells;
	}
	if (cut) {
		buf_puts(out, ellipsis);
		cells++;
	}
	return cells;
}

/* JSON allows most characters that act on a terminal. They are escaped because people
 * print JSON on terminals. */
static bool json_is_plain(uint32_t point)
{
	if (point < 0x80)
		return point >= 0x20 && point != 0x7f && point != '"' && point != '\\';
	return !utf8_is_treacherous(point);
}

static void json_hex(struct buf *out, uint32_t point)
{
	if (point < 0x10000)
		buf_printf(out, "\\u%04x", point);
	else
		buf_printf(out, "\\u%04x\\u%04x", 0xd800 + ((point - 0x10000) >> 10),
			   0xdc00 + ((point - 0x10000) & 0x3ff));
}

static void json_put_escaped(struct buf *out, const char *text)
{
	const char *run = text; /* start of the bytes that need no escape */

	while (*text) {
		uint32_t point = 0;
		size_t length = utf8_decode(text, UTF8_MAX, &point);

		if (length > 0 && json_is_plain(point)) {
			text += length;
			continue;
		}
		buf_append(out, run, (size_t)(text - run));
		if (length == 0)
			buf_puts(out, "\xef\xbf\xbd");
		else if (point == '"' || point == '\\')
			buf_printf(out, "\\%c", (char)point);
		else
			json_hex(out, point);
		text += length ? length : 1;
		run = text;
	}
	buf_append(out, run, (size_t)(text - run));
}

void escape_json(struct buf *out, const char *text)
{
	size_t length, plain;
	char *room;

	if (!text) {
		buf_puts(out, "null");
		return;
	}
	length = strlen(text);
	plain = plain_bytes(text, length, true);
	room = buf_extend(out, plain + 1);
	if (!room)
		return;
	room[0] = '"';
	memcpy(room + 1, text, plain);
	if (plain < length)
		json_put_escaped(out, text + plain);
	buf_puts(out, "\"");
}
