/* SPDX-License-Identifier: MIT */
/* Growing byte buffer. One byte beyond the contents is always reserved for the NUL. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/number.h"

#define BUF_FIRST 256u

void buf_init(struct buf *buf, size_t max_bytes)
{
	memset(buf, 0, sizeof(*buf));
	buf->max_bytes = max_bytes;
}

void buf_release(struct buf *buf)
{
	free(buf->bytes);
	buf_init(buf, buf->max_bytes);
}

void buf_clear(struct buf *buf)
{
	buf->length = 0;
	buf->failed = 0;
	if (buf->bytes)
		buf->bytes[0] = '\0';
}

/* Makes room for `more` bytes and the NUL, of which there is not enough. */
static int buf_grow(struct buf *buf, size_t more)
{
	size_t needed;

	if (buf->failed)
		return -1;
	if (more > SIZE_MAX / 4 - buf->length ||
	    (buf->max_bytes && buf->length + more > buf->max_bytes)) {
		buf->failed = 1;
		return -1;
	}
	needed = buf->length + more + 1;
	if (needed <= buf->capacity)
		return 0;
	if (!array_reserve(&buf->bytes, &buf->capacity,
			   needed > BUF_FIRST ? needed : BUF_FIRST)) {
		buf->failed = 1;
		return -1;
	}
	return 0;
}

/* A document consists of millions of short pieces, so this comes first. */
static inline bool buf_reserve(struct buf *buf, size_t more)
{
	bool fits = more < buf->capacity - buf->length && !buf->failed && !buf->max_bytes;

	return fits || buf_grow(buf, more) == 0;
}

char *buf_extend(struct buf *buf, size_t length)
{
	char *room;

	if (!buf_reserve(buf, length))
		return NULL;
	room = buf->bytes + buf->length;
	room[length] = '\0';
	buf->length += length;
	return room;
}

void buf_append(struct buf *buf, const void *bytes, size_t length)
{
	char *room = buf_extend(buf, length);

	if (room && length > 0)
		memcpy(room, bytes, length);
}

void buf_put_number(struct buf *buf, uint64_t number)
{
	char text[NUMBER_DIGITS_MAX];

	buf_append(buf, text, number_digits(number, text));
}

void buf_put_hex(struct buf *buf, uint64_t number)
{
	size_t digits = number ? (67u - (size_t)__builtin_clzll(number)) / 4 : 1;
	char *room = buf_extend(buf, 2 + digits);

	if (!room)
		return;
	memcpy(room, "0x", 2);
	for (char *at = room + 2 + digits; at > room + 2; number >>= 4)
		*--at = "0123456789abcdef"[number & 15];
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (length < 0) {
		buf->failed = 1;
		return;
	}
	if (!buf_reserve(buf, (size_t)length))
		return;
	va_start(args, format);
	vsnprintf(buf->bytes + buf->length, (size_t)length + 1, format, args);
	va_end(args);
	buf->length += (size_t)length;
}
