/* SPDX-License-Identifier: MIT */
/*
 * Reads the runtime's own statistics of its heap: runtime.memstats and, since Go 1.17,
 * runtime.gcController. Both are found without symbols, by the relations that hold
 * between their fields, and every sample checks them again.
 */
#ifndef SOURCE_GO_HEAP_STATS_H
#define SOURCE_GO_HEAP_STATS_H

#include "core/go_heap.h"
#include "source/go/module.h"

struct go_heap_layout;

struct go_heap_stats {
	const struct go_heap_layout *layout; /* NULL while they have not been found */
	uint64_t memstats;
	uint64_t controller;
	uint64_t percent;    /* Go 1.16, if there are symbols; otherwise 0 */
	unsigned tries_left; /* to find them */
	int64_t next_ns;     /* when to try again */
	bool pprof;          /* the program contains net/http/pprof */
	/* Of the last sample: */
	int64_t collections; /* -1 if there was none */
	uint32_t goroutines;
	int64_t collected; /* goroutines when the last collection ran, or -1 */
};

void go_heap_stats_init(struct go_heap_stats *stats);
/* Fills in what can be read consistently; the rest stays unknown. The first call searches
 * the program's variables, which takes some milliseconds. */
void go_heap_stats_read(struct go_heap_stats *stats, const struct go_module *module,
			const struct go_elf *elf, struct memory *mem, int64_t now_ns,
			struct go_heap_figures *out);
/* Call it after each such reading, with the number of goroutines. */
void go_heap_stats_count(struct go_heap_stats *stats, uint32_t goroutines,
			 struct go_heap_figures *out);

/* For tests: the number of bytes that each check reads, and the checks. */
const struct go_heap_layout *go_heap_layout_of(unsigned minor);
size_t go_heap_memstats_bytes(const struct go_heap_layout *layout);
bool go_heap_is_memstats(const struct go_heap_layout *layout, const uint8_t *bytes);
size_t go_heap_controller_bytes(const struct go_heap_layout *layout);
bool go_heap_is_controller(const struct go_heap_layout *layout, const uint8_t *bytes);

#endif
