/* SPDX-License-Identifier: MIT */
/*
 * Reads the heap of a Go process as its runtime manages it: spans of objects of one size.
 * The runtime's list of spans is found without symbols, by its shape, and verified span
 * by span. Objects are read through a cache of bounded size.
 */
#ifndef SOURCE_GO_PROOF_HEAP_H
#define SOURCE_GO_PROOF_HEAP_H

#include "base/err.h"
#include "source/go/module.h"

#define GO_ARENA_SHIFT 26 /* the heap grows in aligned arenas of this size */
#define GO_PAGE_SHIFT  13
#define GO_HEAP_NONE   UINT64_MAX

struct go_heap_span {
	uint64_t start;
	uint32_t first; /* number of its first object among those of all spans, a multiple
			 * of GO_HEAP_OBJECTS */
	uint32_t nr_objects;
	uint32_t divide; /* offset * divide >> 32 is offset / size; 0 if one object */
	bool noscan;     /* the runtime says that it holds no pointers */
	uint64_t size;   /* of an object */
	uint64_t bytes;
	uint64_t specials; /* list of finalizers and similar records; 0 if none */
};
#define GO_HEAP_OBJECTS 64u /* objects of a span that share a word of bits */

struct go_heap_chunks;

struct go_heap {
	struct memory *mem;
	const int *cancel; /* non-zero cancels; atomic */
	uint64_t list;     /* address of the runtime's slice of spans */
	unsigned row;      /* index of the span layout that matches */
	struct memory_gather gather;

	struct go_heap_span *spans;
	size_t nr_spans, cap_spans;
	uint64_t *records; /* addresses of the runtime's span records, ascending */
	size_t nr_records, cap_records;
	uint32_t *arenas; /* by address: 1 + index into pages and chunks, or 0 */
	uint32_t *pages;  /* 1 + index of the span of each page of each arena */
	size_t nr_arenas, cap_pages;
	uint64_t nr_objects;  /* numbers given to objects */
	uint64_t low, extent; /* the heap is within [low, low + extent) */
	uint64_t scan_bytes;  /* of objects that may hold pointers */
	struct go_heap_chunks *chunks;
	uint64_t holes; /* objects that could not be read */
};

/* Locates the list of spans and determines their layout. Returns ERR_UNSUPPORTED if no
 * layout matches. */
int go_heap_open(struct go_heap *heap, const struct go_module *module, struct memory *mem,
		 const int *cancel, struct err *e);
/* Parses a copy of a span's record. Returns false if the span is not in use or if its
 * fields are not consistent, for example because it is being modified. */
#define GO_SPAN_RECORD_BYTES 144u
bool go_heap_parse(const struct go_heap *heap, const uint8_t record[GO_SPAN_RECORD_BYTES],
		   struct go_heap_span *span);
/* Gets the number of span records and the address of the list of their addresses. */
bool go_heap_list(const struct go_heap *heap, uint64_t *first, uint64_t *count);
/* Reads all spans as they are now. A repeated call adds spans that are new or have
 * changed, and empties the cache. */
int go_heap_read(struct go_heap *heap, struct err *e);
void go_heap_release(struct go_heap *heap);

/* Returns a copy of *bytes bytes. *bytes is reduced if a piece of the cache ends before
 * that. Returns NULL if the memory cannot be read. The pointer is valid until the next
 * call. */
const uint8_t *go_heap_at(struct go_heap *heap, uint64_t address, size_t *bytes);
/* Copies a few bytes, across pieces of the cache if needed. */
bool go_heap_copy(struct go_heap *heap, uint64_t address, void *out, size_t bytes);

/* Returns the span whose pages contain the address, or NULL. */
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

/* Returns the index of the object that contains the address; >= nr_objects if none
 * does. */
static inline uint64_t go_heap_index(const struct go_heap_span *span, uint64_t address)
{
	return (address - span->start) * span->divide >> 32;
}

static inline uint64_t go_heap_base(const struct go_heap_span *span, uint64_t index)
{
	return span->start + index * span->size;
}

/* Returns the start of the object that contains the address, or GO_HEAP_NONE. */
static inline uint64_t go_heap_object(const struct go_heap *heap, uint64_t address)
{
	const struct go_heap_span *span = go_heap_span_of(heap, address);
	uint64_t index = span ? go_heap_index(span, address) : 0;

	return span && index < span->nr_objects ? go_heap_base(span, index)
						: GO_HEAP_NONE;
}

#endif
