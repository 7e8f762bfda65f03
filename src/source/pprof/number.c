/* SPDX-License-Identifier: MIT */
/* Parses numbers in a line that is not NUL-terminated. */
#include "source/pprof/private.h"

#include "base/text.h"

uint64_t pprof_take_number(const char **at, const char *end)
{
	uint64_t value = 0;

	for (; *at < end && byte_is_digit(**at); ++*at)
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
	for (; at < end && byte_hex_value(*at) >= 0; at++)
		value = value << 4 | (uint64_t)byte_hex_value(*at);
	return value;
}
