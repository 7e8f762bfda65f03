/* SPDX-License-Identifier: MIT */
/* See text.h. Backtracking goes to the last star only, which bounds the cost. */
#include "base/text.h"

bool text_matches(const char *text, const char *pattern, const char *stops)
{
	const char *star = NULL;
	const char *again = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = ++pattern;
			again = text;
			if (*pattern == '\0')
				return true;
		} else if (*pattern == *text) {
			pattern++;
			text++;
		} else if (*pattern == '\0' && strchr(stops, *text)) {
			return true;
		} else if (star) {
			pattern = star;
			text = ++again;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}
