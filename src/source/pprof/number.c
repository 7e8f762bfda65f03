/* SPDX-License-Identifier: MIT */
/* Parses numbers in a line that is not NUL-terminated. */
#include "source/pprof/private.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

uint64_t pprof_take_number(const char **at, const char *end)
{
	uint64_t value = 0;

	for (; *at < end && is_digit(**at); ++*at)
		if (__builtin_mul_overflow(value, 10u, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(**at - '0'), &value))
			value = UINT64_MAX / 16;
	return value;
}

uint64_t pprof_number(const char *at, const char *end)
{
	return pprof_take_number(&at, end);
}

uint64_t pprof_hex(const char *at, const char *end)
{
	uint64_t value = 0;

	if (end - at >= 2 && at[0] == '0' && (at[1] | 32) == 'x')
		at += 2;
	for (; at < end; at++) {
		char c = (char)(*at | 32);

		if (is_digit(*at))
			value = value << 4 | (uint64_t)(*at - '0');
		else if (c >= 'a' && c <= 'f')
			value = value << 4 | (uint64_t)(c - 'a' + 10);
		else
			break;
	}
	return value;
}
