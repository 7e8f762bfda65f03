/* SPDX-License-Identifier: MIT */
/*
 * Growing arrays. The owner keeps a pointer, a capacity and usually a count, all zero at
 * first, and frees the pointer itself:
 *
 *	if (!array_reserve(&map->codes, &map->cap_codes, map->nr_codes + 1))
 *		return false;
 *	map->codes[map->nr_codes++] = code;
 *
 * Each macro takes the address of the pointer, of any type, and the address of the capacity.
 * It returns false, and changes neither, if memory runs out or the size overflows.
 */
#ifndef BASE_ARRAY_H
#define BASE_ARRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Number of elements of an array that is not a pointer. */
#define ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Makes room for at least `wanted` elements; never shrinks. Grows by half, so that adding
 * one element at a time takes linear time. */
#define array_reserve(array, capacity, wanted)                                           \
	array_reserve_most((array), (capacity), (wanted), SIZE_MAX)

/* The same, but fails if more than `most` elements are wanted. */
#define array_reserve_most(array, capacity, wanted, most)                                \
	array_reserve_bytes((array), (capacity), (wanted), (most), sizeof(**(array)))

/* Like array_reserve(). Elements that are new are zeroed. */
#define array_reserve_zeroed(array, capacity, wanted)                                    \
	array_reserve_zeroed_bytes((array), (capacity), (wanted), sizeof(**(array)))

/* Makes room for exactly `count` elements, more or fewer than before. */
#define array_resize(array, capacity, count)                                             \
	array_resize_bytes((array), (capacity), (count), sizeof(**(array)))

/* Makes room in an array that has none yet, which begins at a cache line, for elements whose
 * size is a multiple of such a line or of half of it. */
#define array_reserve_lines(array, capacity, count)                                      \
	array_reserve_lines_bytes((array), (capacity), (count), sizeof(**(array)))

/* What the macros call. */
bool array_resize_bytes(void *array, size_t *capacity, size_t count,
			size_t element_bytes);
bool array_reserve_lines_bytes(void *array, size_t *capacity, size_t count,
			       size_t element_bytes);
bool array_grow_bytes(void *array, size_t *capacity, size_t wanted, size_t most,
		      size_t element_bytes);
bool array_reserve_zeroed_bytes(void *array, size_t *capacity, size_t wanted,
				size_t element_bytes);

static inline bool array_reserve_bytes(void *array, size_t *capacity, size_t wanted,
				       size_t most, size_t element_bytes)
{
	return wanted <= *capacity ||
	       array_grow_bytes(array, capacity, wanted, most, element_bytes);
}

#endif
