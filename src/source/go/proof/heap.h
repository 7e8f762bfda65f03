/* SPDX-License-Identifier: MIT */
/*
 * The heap of a Go process as its runtime keeps it: spans of objects of one size. Found
 * without symbols, by what the runtime's own list of spans looks like, and checked span by
 * span. Objects are read through a copy of bounded size.
 */
#ifndef SOURCE_GO_PROOF_HEAP_H
#define SOURCE_GO_PROOF_HEAP_H

#include "base/err.h"
#include "source/go/module.h"

#define GO_ARENA_SHIFT 26 /* the heap grows by so much, and begins at a multiple of it */
#define GO_PAGE_SHIFT  13
#define GO_HEAP_NONE   UINT64_MAX

struct go_heap_span {
	uint64_t start;
	uint64_t bytes;
	uint64_t size;     /* of an object */
	uint64_t first;    /* number of its first object among those of all spans */
	uint64_t specials; /* finalizers and the like; 0: none */
	uint32_t nr_objects;
	uint32_t divide; /* offset * divide >> 32 is offset / size; 0: one object */
	bool noscan;     /* the runtime says that there are no pointers in it */
};

struct go_heap_chunks;

struct go_heap {
	struct memory *mem;
	const int *cancel; /* not 0: give up; atomic */
	uint64_t list;     /* address of the runtime's slice of spans */
	unsigned row;      /* which layout of a span fits */
	struct memory_gather gather;

	struct go_heap_span *spans;
	size_t nr_spans, cap_spans;
	uint64_t *records; /* addresses of the runtime's span records, ascending */
	size_t nr_records, cap_records;
	uint32_t *
		arenas; /* by address: 1 + index into pages and chunks; 0: no heap there */
	uint32_t *pages; /* 1 + index of the span of each page of each arena */
	size_t nr_arenas, cap_arenas;
	uint64_t nr_objects;
	uint64_t low, extent; /* the heap lies in [low, low + extent) */
	uint64_t scan_bytes;  /* of objects that may hold pointers */
	struct go_heap_chunks *chunks;
	uint64_t holes; /* objects that could not be read */
};

/* Where the list of spans is and what a span looks like. ERR_UNSUPPORTED: nothing fits. */
int go_heap_open(struct go_heap *heap, const struct go_module *module, struct memory *mem,
		 const int *cancel, struct err *e);
/* All spans, as they are now. Called again: adds those that are new or have changed since;
 * what was copied is forgotten. */
int go_heap_read(struct go_heap *heap, struct err *e);
void go_heap_release(struct go_heap *heap);

/* The copy of `bytes` bytes, fewer where a piece of the copy ends: *bytes says how many.
 * Holds until the next call. NULL: it cannot be read. */
const uint8_t *go_heap_at(struct go_heap *heap, uint64_t address, size_t *bytes);
/* The same for a few bytes, in one piece. */
bool go_heap_copy(struct go_heap *heap, uint64_t address, void *out, size_t bytes);

/* The span whose pages hold the address, or NULL. */
static inline const struct go_heap_span *go_heap_span_of(const struct go_heap *heap,
							 uint64_t address)
{
	uint32_t arena, page;

	if (address - heap->low >= heap->extent)
		return NULL;
	arena = heap->arenas[address >> GO_ARENA_SHIFT];
	if (arena == 0)
		return NULL;
	page = heap->pages[((uint64_t)(arena - 1) << (GO_ARENA_SHIFT - GO_PAGE_SHIFT)) +
			   ((address >> GO_PAGE_SHIFT) &
			    ((1u << (GO_ARENA_SHIFT - GO_PAGE_SHIFT)) - 1))];
	return page ? &heap->spans[page - 1] : NULL;
}

/* Which of the span's objects holds the address; >= nr_objects: none. */
static inline uint64_t go_heap_index(const struct go_heap_span *span, uint64_t address)
{
	return (address - span->start) * span->divide >> 32;
}

static inline uint64_t go_heap_base(const struct go_heap_span *span, uint64_t index)
{
	return span->start + index * span->size;
}

/* Where the object that holds the address begins, or GO_HEAP_NONE. */
static inline uint64_t go_heap_object(const struct go_heap *heap, uint64_t address)
{
	const struct go_heap_span *span = go_heap_span_of(heap, address);
	uint64_t index = span ? go_heap_index(span, address) : 0;

	return span && index < span->nr_objects ? go_heap_base(span, index)
						: GO_HEAP_NONE;
}

#endif
