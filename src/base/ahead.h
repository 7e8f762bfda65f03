/* SPDX-License-Identifier: MIT */
/* For loops over large arrays of large elements, which are not in a cache and which the
 * processor does not bring by itself in time. */
#ifndef BASE_AHEAD_H
#define BASE_AHEAD_H

#include <stddef.h>

#define AHEAD_ELEMENTS 8u
#define AHEAD_LINE     64u

/* Has the processor bring an element that is used a few steps later: its first `bytes`
 * bytes. Does nothing if there is no such element. */
static inline void ahead_bring(const void *array, size_t element_bytes, size_t at,
			       size_t nr, size_t bytes)
{
	const char *element;

	if (at + AHEAD_ELEMENTS >= nr)
		return;
	element = (const char *)array + (at + AHEAD_ELEMENTS) * element_bytes;
	for (size_t i = 0; i < bytes; i += AHEAD_LINE)
		__builtin_prefetch(element + i);
}

#endif
