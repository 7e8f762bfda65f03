/* SPDX-License-Identifier: MIT */
#include "base/url_mask.h"

#include <string.h>

#include "base/text.h"

#define SCHEME_MAX 24u

/* Returns where the part behind "scheme://" begins; 0 if the text is not a URL. */
static size_t behind_scheme(const char *text, size_t nr)
{
	size_t i = 0;

	while (i < nr && i <= SCHEME_MAX &&
	       (byte_is_letter(text[i]) || (i > 0 && byte_is_digit(text[i])) ||
		text[i] == '+' || text[i] == '-' || text[i] == '.'))
		i++;
	return i > 0 && i <= SCHEME_MAX && nr - i >= 3 && memcmp(text + i, "://", 3) == 0
		       ? i + 3
		       : 0;
}

static size_t find(const char *text, size_t from, size_t to, char byte)
{
	const char *found = memchr(text + from, byte, to - from);

	return found ? (size_t)(found - text) : to;
}

/* Returns the last '@', or `to`. */
static size_t find_at(const char *text, size_t from, size_t to)
{
	for (size_t i = to; i > from; i--)
		if (text[i - 1] == '@')
			return i - 1;
	return to;
}

static bool is_port(const char *text, size_t from, size_t to)
{
	while (from < to && byte_is_digit(text[from]))
		from++;
	return from == to;
}

/* Finds the password, from after the first ':' to before the last '@' of the host's part.
 * One with a '/' in it is not valid there, but programs have such. */
static bool find_password(const char *text, size_t nr, bool cut, size_t *from, size_t *to)
{
	size_t start = behind_scheme(text, nr);
	size_t end = find(text, start, nr, '/');

	if (start == 0)
		return false;
	*from = find(text, start, end, ':');
	*to = find_at(text, start, end);
	if (*to < end)
		return (*from)++ < *to;
	/* There is no user, or the '@' is not within this part. */
	if (*from == end || text[start] == '[')
		return false;
	(*from)++;
	if (end == nr) {
		*to = nr;
		return cut;
	}
	*to = find_at(text, end, nr);
	return !is_port(text, *from, end) && (*to < nr || cut);
}

size_t url_mask_copy(const char *text, size_t nr, bool cut, char *out)
{
	size_t from, to;

	if (!find_password(text, nr, cut, &from, &to)) {
		memcpy(out, text, nr);
		return nr;
	}
	memcpy(out, text, from);
	memcpy(out + from, URL_MASK, URL_MASK_MORE);
	memcpy(out + from + URL_MASK_MORE, text + to, nr - to);
	return from + URL_MASK_MORE + (nr - to);
}
