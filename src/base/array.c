/* SPDX-License-Identifier: MIT */
/* See array.h. A pointer of any type may not be accessed as a void pointer, so its bytes are
 * copied. */
#include "base/array.h"

#include <stdlib.h>
#include <string.h>

#include "base/huge.h"

/* A first array of one element would be replaced at once. */
#define FIRST_ELEMENTS 4u
#define LINE_BYTES     64u

bool array_resize_bytes(void *array, size_t *capacity, size_t count, size_t element_bytes)
{
	size_t bytes;
	void *old, *list;

	if (__builtin_mul_overflow(count, element_bytes, &bytes) || bytes > PTRDIFF_MAX)
		return false;
	memcpy(&old, array, sizeof(old));
	/* realloc() to no bytes may free the memory and return NULL. */
	list = realloc(old, bytes ? bytes : 1);
	if (!list)
		return false;
	huge_hint(list, bytes);
	memcpy(array, &list, sizeof(list));
	*capacity = count;
	/* cppcheck-suppress memleak ; the caller's pointer has it now */
	return true;
}

bool array_reserve_lines_bytes(void *array, size_t *capacity, size_t count,
			       size_t element_bytes)
{
	size_t bytes;
	void *list;

	if (*capacity > 0 || __builtin_mul_overflow(count, element_bytes, &bytes) ||
	    bytes > PTRDIFF_MAX - LINE_BYTES)
		return false;
	list = aligned_alloc(LINE_BYTES,
			     (bytes + LINE_BYTES - 1) & ~(size_t)(LINE_BYTES - 1));
	if (!list)
		return false;
	huge_hint(list, bytes);
	memcpy(array, &list, sizeof(list));
	*capacity = count;
	/* cppcheck-suppress memleak ; the caller's pointer has it now */
	return true;
}

bool array_grow_bytes(void *array, size_t *capacity, size_t wanted, size_t most,
		      size_t element_bytes)
{
	size_t grown = *capacity + *capacity / 2 + FIRST_ELEMENTS;

	if (wanted > most)
		return false;
	if (grown < wanted)
		grown = wanted;
	if (grown > most)
		grown = most;
	return array_resize_bytes(array, capacity, grown, element_bytes);
}

bool array_reserve_zeroed_bytes(void *array, size_t *capacity, size_t wanted,
				size_t element_bytes)
{
	size_t before = *capacity;
	char *list;

	if (!array_reserve_bytes(array, capacity, wanted, SIZE_MAX, element_bytes))
		return false;
	memcpy(&list, array, sizeof(list));
	if (*capacity > before)
		memset(list + before * element_bytes, 0,
		       (*capacity - before) * element_bytes);
	return true;
}
