/* SPDX-License-Identifier: MIT */
/* Growing byte buffer. One byte beyond the contents is always reserved for the NUL. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

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

/* Makes room for `more` bytes and the NUL. */
static int buf_reserve(struct buf *buf, size_t more)
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

void buf_append(struct buf *buf, const void *bytes, size_t length)
{
	if (buf_reserve(buf, length) < 0)
		return;
	if (length > 0)
		memcpy(buf->bytes + buf->length, bytes, length);
	buf->length += length;
	buf->bytes[buf->length] = '\0';
}

void buf_puts(struct buf *buf, const char *text)
{
	buf_append(buf, text, strlen(text));
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
	if (buf_reserve(buf, (size_t)length) < 0)
		return;
	va_start(args, format);
	vsnprintf(buf->bytes + buf->length, (size_t)length + 1, format, args);
	va_end(args);
	buf->length += (size_t)length;
}
