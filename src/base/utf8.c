/* SPDX-License-Identifier: MIT */
#include "base/utf8.h"

size_t utf8_decode(const void *text, size_t bytes, uint32_t *point)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *at = text;
	uint32_t value;
	size_t length;

	if (bytes == 0)
		return 0;
	length = at[0] < 0x80   ? 1
		 : at[0] < 0xc2 ? 0
		 : at[0] < 0xe0 ? 2
		 : at[0] < 0xf0 ? 3
		 : at[0] < 0xf5 ? 4
				: 0;
	if (length == 0 || length > bytes)
		return 0;
	value = length == 1 ? at[0] : at[0] & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (at[i] & 0x3f);
	}
	if (length > 1 && value < least[length])
		return 0;
	if ((value >= 0xd800 && value < 0xe000) || value > 0x10ffff)
		return 0;
	*point = value;
	return length;
}

bool utf8_is_treacherous(uint32_t point)
{
	return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0xad ||
	       point == 0x34f || point == 0x61c || point == 0x115f || point == 0x1160 ||
	       point == 0x180e || (point >= 0x200b && point <= 0x200f) ||
	       (point >= 0x2028 && point <= 0x202e) ||
	       (point >= 0x2060 && point <= 0x206f) || point == 0x3164 ||
	       point == 0xfeff || point == 0xffa0 ||
	       (point >= 0xfff9 && point <= 0xfffb) ||
	       (point >= 0xe0000 && point <= 0xe0fff);
}

bool utf8_is_clean(const void *text, size_t bytes)
{
	const char *at = text;

	while (bytes > 0) {
		uint32_t point;
		size_t length = utf8_decode(at, bytes, &point);

		if (length == 0 || utf8_is_treacherous(point))
			return false;
		at += length;
		bytes -= length;
	}
	return true;
}
