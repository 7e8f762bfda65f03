/* SPDX-License-Identifier: MIT */
/*
 * Reads goroutines of which little is known yet: their g, and for those that have changed
 * the stack, and the g once more. Only reads, into memory of its own, and knows nothing of
 * what is kept between samples.
 */
#ifndef SOURCE_GO_BATCH_H
#define SOURCE_GO_BATCH_H

#include "source/go/layout.h"

#define GO_BATCH       256u  /* goroutines read at a time: four batches fit in a cache */
#define GO_STACK_BYTES 4096u /* of each stack, read in advance */

enum go_fetched {
	GO_FETCH_ENDED,   /* it has ended, or its g cannot be read */
	GO_FETCH_SAME,    /* it has not run since the hash was taken */
	GO_FETCH_CHANGED, /* it is among the pending ones */
};

/* What is to be read of one goroutine, and what came of it. */
struct go_asked {
	uint64_t address; /* of the g */
	uint64_t hash;    /* as it was in the last sample; 0 if it is to be read anyway */
};
struct go_answer {
	int64_t since_ns; /* the runtime's own value, or 0 */
	enum go_fetched fetched;
};

/* Where a goroutine has stopped. */
struct go_stop {
	uint64_t sp, pc, high, low;
};

/* A goroutine that has changed. */
struct go_pending {
	uint32_t at;    /* index in the batch */
	bool same;      /* its g was the same before and after its stack was read */
	bool ended;     /* it could not be read a second time */
	uint32_t piece; /* index of the piece that its stack is in */
	uint64_t hash;  /* of the g as first read */
	struct go_stop stop;
};

struct go_batch {
	/* What the caller sets; reading does not change it. */
	struct process process;
	struct go_g_layout layout;
	int64_t now_ns;
	struct go_asked *asked;
	size_t at; /* the caller's number of the first one */
	size_t nr;

	struct go_answer *answers;
	struct go_pending *pending;
	size_t nr_pending;
	/* The spans of their stacks, and their gs as last read. */
	struct memory_span *spans;
	uint8_t *again;

	struct memory mem;
	struct memory_gather gather;
	struct memory_item *items;
	struct memory_span *pieces; /* stacks that are read at once */
	uint8_t *stack_bytes;
};

bool go_batch_init(struct go_batch *batch);
void go_batch_release(struct go_batch *batch);
/* Reads what was asked for. */
void go_batch_fetch(struct go_batch *batch);
/* Asks for the same as another batch, which may be being read. */
void go_batch_ask_again(struct go_batch *batch, const struct go_batch *other);

/* Returns a hash of what stays the same while a goroutine does not run; never 0. Also for
 * tests. */
uint64_t go_g_hash(const uint8_t *bytes, const struct go_g_layout *layout);
/* Returns the runtime's own value of when the wait began, or 0. */
int64_t go_g_since(const uint8_t *bytes, const struct go_g_layout *layout,
		   int64_t now_ns);
/* Finds where to start walking its stack. Returns false if it has no stack that is at
 * rest. */
bool go_g_stop(const uint8_t *bytes, const struct go_g_layout *layout,
	       struct go_stop *stop);
/* Returns the part of the stack that is read in advance, to be stored at `out`. */
struct memory_span go_stop_span(const struct go_stop *stop, uint8_t *out);

#endif
