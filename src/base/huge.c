/* SPDX-License-Identifier: MIT */
/* This is only a hint. It has no effect if the kernel has no huge pages or none are
 * free. */
#include "base/huge.h"

#include <stdint.h>
#include <sys/mman.h>

#define HUGE_BYTES (2u << 20)
#define HUGE_LEAST (8u << 20)

void huge_hint(void *array, size_t bytes)
{
	uintptr_t start = (uintptr_t)array, end = start + bytes;

	if (!array || bytes < HUGE_LEAST)
		return;
	start = (start + HUGE_BYTES - 1) & ~(uintptr_t)(HUGE_BYTES - 1);
	end &= ~(uintptr_t)(HUGE_BYTES - 1);
	if (start < end)
		madvise((void *)start, end - start, MADV_HUGEPAGE);
}
