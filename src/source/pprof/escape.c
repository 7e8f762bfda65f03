/* SPDX-License-Identifier: MIT */
/* Writes characters as UTF-8 and decodes the escapes of quoted strings. */
#include <string.h>

#include "source/pprof/private.h"

void pprof_put_char(struct buf *out, unsigned c)
{
	unsigned char bytes[4];
	size_t length = 0;

	if (c < 0x80) {
		bytes[length++] = (unsigned char)c;
	} else if (c < 0x800) {
		bytes[length++] = (unsigned char)(0xc0 | c >> 6);
		bytes[length++] = (unsigned char)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		bytes[length++] = (unsigned char)(0xe0 | c >> 12);
		bytes[length++] = (unsigned char)(0x80 | (c >> 6 & 0x3f));
		bytes[length++] = (unsigned char)(0x80 | (c & 0x3f));
	} else {
		bytes[length++] = (unsigned char)(0xf0 | (c >> 18 & 7));
		bytes[length++] = (unsigned char)(0x80 | (c >> 12 & 0x3f));
		bytes[length++] = (unsigned char)(0x80 | (c >> 6 & 0x3f));
		bytes[length++] = (unsigned char)(0x80 | (c & 0x3f));
	}
	buf_append(out, bytes, length);
}

/* Parses four hexadecimal digits. */
static bool take_unit(const char *at, const char *end, unsigned *unit)
{
	if (end - at < 4)
		return false;
	*unit = (unsigned)pprof_hex(at, at + 4);
	return true;
}

/* Decodes the escape after a backslash; returns the end of the escape. */
static const char *put_escape(const char *at, const char *end, struct buf *out)
{
	static const char letters[] = "nrtbfav", means[] = "\n\r\t\b\f\a\v";
	const char *letter = strchr(letters, *at);
	unsigned unit, low;

	if (letter && *at) {
		buf_append(out, &means[letter - letters], 1);
		return at + 1;
	}
	if (*at == 'x' && end - at >= 3) {
		pprof_put_char(out, (unsigned)pprof_hex(at + 1, at + 3));
		return at + 3;
	}
	if (*at == 'U' && end - at >= 9) {
		pprof_put_char(out, (unsigned)pprof_hex(at + 1, at + 9) & 0x1fffff);
		return at + 9;
	}
	if (*at == 'u' && take_unit(at + 1, end, &unit)) {
		at += 5;
		if (unit >= 0xd800 && unit < 0xdc00 && end - at >= 6 && at[0] == '\\' &&
		    at[1] == 'u' && take_unit(at + 2, end, &low)) {
			unit = 0x10000 + ((unit & 0x3ff) << 10 | (low & 0x3ff));
			at += 6;
		}
		pprof_put_char(out, unit);
		return at;
	}
	if (end - at >= 3 && *at >= '0' && *at <= '3') {
		pprof_put_char(out, (unsigned)((at[0] & 7) << 6 | (at[1] & 7) << 3 |
					       (at[2] & 7)));
		return at + 3;
	}
	buf_append(out, at, 1);
	return at + 1;
}

void pprof_unescape(const char *text, size_t length, struct buf *out)
{
	const char *at = text, *end = text + length;

	while (at < end) {
		const char *slash = memchr(at, '\\', (size_t)(end - at));
		const char *stop = slash && slash + 1 < end ? slash : end;

		buf_append(out, at, (size_t)(stop - at));
		if (stop == end)
			break;
		at = put_escape(slash + 1, end, out);
	}
}
