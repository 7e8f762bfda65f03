/* SPDX-License-Identifier: MIT */
/* The order of two values, as qsort() and bsearch() want it. */
#ifndef BASE_ORDER_H
#define BASE_ORDER_H

#include <stdint.h>
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

#endif
