/* SPDX-License-Identifier: MIT */
/* Reads the memory of a target, much of it in few calls. */
#ifndef SOURCE_PROC_MEMORY_H
#define SOURCE_PROC_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#include "source/proc/process.h"

struct blocks;
struct pages;

struct memory {
	struct process process;
	/* Used for single reads, which can go to any part of the memory; if NULL, all
	 * reads are direct. Reads of many spans go to the heap, which no file system has
	 * to provide. */
	struct pages *pages;
	/* What this look has read, see memory_keep(); NULL: every read is a new one. */
	struct blocks *kept;
	int failed; /* errno of the last read that failed: EPERM, ESRCH, EFAULT … */
	uint64_t calls;
	/* Bounds the work of a look, whatever the target's memory says: `spent` counts a range
	 * as one, and MEMORY_UNIT_BYTES bytes as one more. Once it is at `most`, nothing more
	 * is read, and reads fail. most 0: no bound. */
	uint64_t spent, most;
};
#define MEMORY_UNIT_BYTES 4096u

/* Begins a look that may spend this much. */
static inline void memory_allow(struct memory *mem, uint64_t most)
{
	mem->spent = 0;
	mem->most = most;
}

static inline bool memory_is_spent(const struct memory *mem)
{
	return mem->most > 0 && mem->spent >= mem->most;
}

/* Returns true if all bytes were read. */
bool memory_read(struct memory *mem, uint64_t address, void *out, size_t bytes);
/* Returns the number of bytes read, from the start of the range up to the first byte that
 * cannot be read. */
size_t memory_read_some(struct memory *mem, uint64_t address, void *out, size_t bytes);

/* One of many reads, into the caller's buffer. It succeeds as a whole or not at all. */
struct memory_span {
	uint64_t address;
	void *out;
	size_t bytes; /* if 0, nothing is read and ok stays false */
	bool ok;
};
void memory_read_spans(struct memory *mem, struct memory_span *spans, size_t nr_spans);

/* Objects of one size at any addresses; those close together are read in one piece. */
struct memory_item {
	uint64_t address;
	uint32_t index; /* the element of the output that it is stored in */
	bool ok;
};
struct memory_gather {
	uint8_t *bounce;
	struct memory_span *spans;
};
bool memory_gather_init(struct memory_gather *gather);
void memory_gather_release(struct memory_gather *gather);
/* Sorts items, unless the reads are kept. bytes is the size of each object and the stride of out, at most
 * MEMORY_ITEM_MAX. */
#define MEMORY_ITEM_MAX 512u
void memory_gather_read(struct memory *mem, struct memory_gather *gather,
			struct memory_item *items, size_t nr_items, uint8_t *out,
			size_t bytes);

/* The same for memory that is not kept, but calls `take` with each object that could be read,
 * in the order of their addresses, instead of copying it. */
typedef void (*memory_take)(void *ctx, const struct memory_item *item,
			    const uint8_t *bytes);
void memory_gather_visit(struct memory *mem, struct memory_gather *gather,
			 struct memory_item *items, size_t nr_items, size_t bytes,
			 memory_take take, void *ctx);

/*
 * Begins a look: until memory_keep_end(), what was read is kept, with what lies around it, and
 * not read again. First everything is read at once that the last look has used. `blocks`,
 * made by blocks_new(), remembers that; if NULL, nothing is kept. Reads of more than a page, and
 * those of many spans, are always new ones.
 */
void memory_keep(struct memory *mem, struct blocks *blocks);
void memory_keep_end(struct memory *mem);

/* Calls visit with pieces of [start, end), each overlapping the previous one by `overlap`
 * bytes, until it returns true. Skips pieces that cannot be read. Returns whether visit
 * returned true. */
typedef bool (*memory_visit)(void *ctx, uint64_t address, const uint8_t *bytes,
			     size_t size);
bool memory_scan(struct memory *mem, uint64_t start, uint64_t end, size_t overlap,
		 memory_visit visit, void *ctx);

static inline uint64_t load_u64(const void *bytes)
{
	uint64_t value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

static inline uint32_t load_u32(const void *bytes)
{
	uint32_t value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

#endif
