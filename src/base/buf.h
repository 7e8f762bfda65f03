/* SPDX-License-Identifier: MIT */
/* Growing byte buffer with a size limit. The contents are always followed by a NUL. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buf {
	char *bytes; /* never NULL after the first append */
	size_t length;
	size_t capacity;
	/* memory ran out or max_bytes was exceeded; later appends do nothing */
	int failed;
	size_t max_bytes; /* 0 for no limit */
};

void buf_init(struct buf *buf, size_t max_bytes);
void buf_release(struct buf *buf);
void buf_clear(struct buf *buf);
/* Appends bytes that the caller fills in. Returns where, or NULL if there is no room. */
char *buf_extend(struct buf *buf, size_t length);
void buf_append(struct buf *buf, const void *bytes, size_t length);
static inline void buf_puts(struct buf *buf, const char *text)
{
	buf_append(buf, text, strlen(text));
}

/* Much faster than buf_printf(): "4711", "0x1267". */
void buf_put_number(struct buf *buf, uint64_t number);
void buf_put_hex(struct buf *buf, uint64_t number);
void buf_printf(struct buf *buf, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
