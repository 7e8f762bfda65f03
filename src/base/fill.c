/* SPDX-License-Identifier: MIT */
/* See fill.h. Without MADV_POPULATE_WRITE, before Linux 5.14, the thread ends at once. */
#include "base/fill.h"

#include <sched.h>
#include <stdint.h>
#include <sys/mman.h>

#include "base/threads.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

#define FILL_LEAST  (16u << 20)
#define PIECE_BYTES ((size_t)4 << 20)
#define PAGE_BYTES  4096u

static void *get_memory(void *ctx)
{
	struct fill *fill = ctx;

	while (fill->at < fill->end && !__atomic_load_n(&fill->stop, __ATOMIC_RELAXED)) {
		size_t left = (size_t)(fill->end - fill->at);
		size_t bytes = left < PIECE_BYTES ? left : PIECE_BYTES;

		if (madvise(fill->at, bytes, MADV_POPULATE_WRITE) != 0)
			break;
		fill->at += bytes;
	}
	return NULL;
}

static bool has_two(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 1;
}

void fill_begin(struct fill *fill, void *array, size_t bytes)
{
	size_t skip = -(uintptr_t)array & (PAGE_BYTES - 1);

	if (fill->runs || !array || bytes < FILL_LEAST || !has_two())
		return;
	fill->at = (char *)array + skip;
	fill->end = fill->at + ((bytes - skip) & ~(size_t)(PAGE_BYTES - 1));
	fill->stop = 0;
	fill->runs = threads_start(&fill->thread, get_memory, fill) == 0;
}

void fill_end(struct fill *fill)
{
	if (!fill->runs)
		return;
	__atomic_store_n(&fill->stop, 1, __ATOMIC_RELAXED);
	pthread_join(fill->thread, NULL);
	fill->runs = false;
}
