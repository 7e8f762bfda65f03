/* SPDX-License-Identifier: MIT */
/* The order of two values, as qsort() and bsearch() want it. */
#ifndef BASE_ORDER_H
#define BASE_ORDER_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

/* Negative, 0 or positive. Subtracting would overflow. Evaluates its arguments twice. */
#define ORDER(left, right) (((left) > (right)) - ((left) < (right)))

/* For arrays of these types, or of structures that begin with one. */
static inline int order_u32(const void *left, const void *right)
{
	return ORDER(*(const uint32_t *)left, *(const uint32_t *)right);
}

static inline int order_u64(const void *left, const void *right)
{
	return ORDER(*(const uint64_t *)left, *(const uint64_t *)right);
}

static inline int order_pid(const void *left, const void *right)
{
	return ORDER(*(const pid_t *)left, *(const pid_t *)right);
}

static inline int order_double(const void *left, const void *right)
{
	return ORDER(*(const double *)left, *(const double *)right);
}

/* Number of elements whose uint64_t `member` is less than the key, or at most the key. The
 * list is sorted by that member. */
#define ORDER_COUNT_BELOW(list, count, member, key)                                      \
	order_count((list), (count), sizeof(*(list)),                                    \
		    offsetof(__typeof__(*(list)), member), (key), 0)
#define ORDER_COUNT_UP_TO(list, count, member, key)                                      \
	order_count((list), (count), sizeof(*(list)),                                    \
		    offsetof(__typeof__(*(list)), member), (key), 1)

static inline size_t order_count(const void *list, size_t count, size_t element_bytes,
				 size_t offset, uint64_t key, int with_equal)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		uint64_t value;

		memcpy(&value, (const char *)list + middle * element_bytes + offset,
		       sizeof(value));
		if (value < key || (with_equal && value == key))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

#endif
