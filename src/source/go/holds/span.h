/* SPDX-License-Identifier: MIT */
/*
 * Finds the heap object that contains an address, without reading all spans of the heap:
 * the runtime's table of arenas leads from a page to the record of its span. The table is
 * found behind the list of spans and verified with spans of that list.
 */
#ifndef SOURCE_GO_HOLDS_SPAN_H
#define SOURCE_GO_HOLDS_SPAN_H

#include "source/go/proof/heap.h"

struct go_span_page;

struct go_spans {
	struct memory *mem;
	struct go_heap heap;
	uint64_t arenas; /* address of the table of arenas; 0 if not found */
	uint64_t inside; /* offset of the table of spans in an arena's record */
	bool tried;      /* to find it */

	/* Open addressing, by number of page: what was found in this look. */
	struct go_span_page *pages;
	size_t nr_pages, cap_pages;
	struct go_heap_span *list;
	size_t nr_list, cap_list;
	struct go_span_arena {
		uint64_t number;
		uint64_t record; /* 0 if the runtime has no such arena */
	} * known_arenas;
	size_t nr_known, cap_known;
	struct memory_item *items;
	size_t cap_items;
	uint8_t *bytes;
	size_t cap_bytes;
	uint64_t seed;
};

void go_spans_release(struct go_spans *spans);
/* Call once per look: forgets where spans are. The first call searches the program's
 * variables, which takes some milliseconds. Returns 0, or ERR_UNSUPPORTED if the heap
 * does not look as expected. */
int go_spans_begin(struct go_spans *spans, const struct go_module *module,
		   struct memory *mem, struct err *e);
/* Reads the spans of all these addresses in few calls; false if out of memory. */
bool go_spans_read(struct go_spans *spans, const uint64_t *addresses, size_t nr);
/* Returns the span in use that contains an address read before, or NULL. */
const struct go_heap_span *go_spans_get(const struct go_spans *spans, uint64_t address);
/* Returns whether the address is in an arena of the heap, in use or not. */
bool go_spans_are_heap(struct go_spans *spans, uint64_t address);

#endif
