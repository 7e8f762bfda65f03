/* SPDX-License-Identifier: MIT */
/* Which rows of a list are on the screen. */
#ifndef TUI_SCROLL_H
#define TUI_SCROLL_H

#include <stddef.h>

/* Returns the index of the first row to draw: the previous one, moved only as far as
 * needed for row `at` to be visible and for no line to stay empty while there are rows
 * above. Holds whatever has become of the list and of the screen since the previous
 * frame. */
static inline size_t scroll_top(size_t top, size_t at, int rows, size_t count)
{
	size_t room = rows > 1 ? (size_t)rows : 1;
	size_t most = count > room ? count - room : 0;

	if (at < top)
		top = at;
	if (at >= top + room)
		top = at - room + 1;
	return top < most ? top : most;
}

#endif
