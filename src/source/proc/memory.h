/* SPDX-License-Identifier: MIT */
/* Reads the memory of a process, much of it in few calls. Never writes, never stops. */
#ifndef SOURCE_PROC_MEMORY_H
#define SOURCE_PROC_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

struct pages;

struct go_mem {
	pid_t pid;
	/* For single reads, as those go to any part of the memory; NULL: all are direct. Many
	 * at once go to the heap, which nobody has to bring. */
	struct pages *pages;
	int failed; /* errno of the last read that failed: EPERM, ESRCH, EFAULT … */
	uint64_t calls;
};

/* True: all bytes were read. */
bool go_read(struct go_mem *mem, uint64_t address, void *out, size_t bytes);
/* Bytes read from the start of the range, up to the first that cannot be read. */
size_t go_read_some(struct go_mem *mem, uint64_t address, void *out, size_t bytes);

/* One of many reads; the caller's buffer, whole or not at all. */
struct go_span {
	uint64_t address;
	void *out;
	size_t bytes; /* 0: nothing to read, never ok */
	bool ok;
};
void go_read_spans(struct go_mem *mem, struct go_span *spans, size_t nr_spans);

/* Objects of one size that lie anywhere; neighbours are read in one piece. */
struct go_item {
	uint64_t address;
	uint32_t index; /* which slot of the output it goes to */
	bool ok;
};
struct go_gather {
	uint8_t *bounce;
	struct go_span *spans;
};
bool go_gather_init(struct go_gather *gather);
void go_gather_release(struct go_gather *gather);
/* Sorts items by address. bytes: of each object, and the stride of out; at most
 * GO_OBJECT_MAX. */
#define GO_OBJECT_MAX 512u
void go_gather_read(struct go_mem *mem, struct go_gather *gather, struct go_item *items,
		    size_t nr_items, uint8_t *out, size_t bytes);

/* Calls visit with pieces of [start, end), each overlapping the one before by `overlap`
 * bytes, until it returns true. Pieces that cannot be read are skipped. */
typedef bool (*go_visit)(void *ctx, uint64_t address, const uint8_t *bytes, size_t size);
bool go_scan(struct go_mem *mem, uint64_t start, uint64_t end, size_t overlap,
	     go_visit visit, void *ctx);

static inline uint64_t go_u64(const void *bytes)
{
	uint64_t value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

static inline uint32_t go_u32(const void *bytes)
{
	uint32_t value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

#endif
