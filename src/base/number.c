/* SPDX-License-Identifier: MIT */
/* Does not use strtod() and strtol(), which accept blanks, signs, exponents, hexadecimal,
 * nan and inf. */
#include "base/number.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define SIZE_MOST (1ll << 50)

size_t number_digits(uint64_t number, char out[NUMBER_DIGITS_MAX])
{
	char digits[NUMBER_DIGITS_MAX];
	size_t from = sizeof(digits), length;

	do
		digits[--from] = (char)('0' + number % 10);
	while ((number /= 10) > 0);
	length = sizeof(digits) - from;
	memcpy(out, digits + from, length);
	out[length] = '\0';
	return length;
}

const char *number_format(int64_t number, char out[NUMBER_TEXT_MAX])
{
	char digits[NUMBER_TEXT_MAX];
	size_t length = (size_t)snprintf(digits, sizeof(digits), "%" PRId64, number);
	size_t used = 0;

	for (size_t i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0 && digits[i - 1] != '-')
			out[used++] = ',';
		out[used++] = digits[i];
	}
	out[used] = '\0';
	return out;
}

bool number_parse(const char *text, int64_t most, int64_t *number)
{
	int64_t value = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		int digit = *text - '0';

		if (digit < 0 || digit > 9 || digit > most || value > (most - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*number = value;
	return true;
}

bool number_parse_size(const char *text, int64_t *bytes)
{
	static const char units[] = "kMG";
	size_t whole = strspn(text, "0123456789"), part = 0;
	int64_t number = 0, unit = 1, fraction = 0, scale = 1;
	char digits[20];
	const char *at = text + whole, *found;

	if (whole == 0 || whole >= sizeof(digits))
		return false;
	memcpy(digits, text, whole);
	digits[whole] = '\0';
	if (!number_parse(digits, SIZE_MOST, &number))
		return false;
	if (*at == '.') {
		for (at++; byte_is_digit(*at); at++, part++) {
			if (part < 6) {
				fraction = fraction * 10 + (*at - '0');
				scale *= 10;
			}
		}
		if (part == 0)
			return false;
	}
	found = *at && !at[1] ? strchr(units, *at) : NULL;
	if (!found)
		return false;
	for (; found >= units; found--)
		unit *= 1024;
	if (number > SIZE_MOST / unit)
		return false;
	*bytes = number * unit + fraction * unit / scale;
	return true;
}
