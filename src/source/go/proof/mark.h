/* SPDX-License-Identifier: MIT */
/*
 * Which objects of a Go heap can be reached from words that were found somewhere. Every word
 * that could be an address counts as one, wherever it points into an object: more is
 * reached than the program itself could reach, never less. Only a channel is never kept by
 * the address of a part of it, so that a word with an old address under a flag is none.
 */
#ifndef SOURCE_GO_PROOF_MARK_H
#define SOURCE_GO_PROOF_MARK_H

#include "source/go/proof/heap.h"

/* Objects that are treated in a way of their own. */
enum go_special {
	GO_SPECIAL_G,     /* reached, but what it points to is not */
	GO_SPECIAL_SUDOG, /* the same until its owner is alive */
	GO_SPECIAL_WATCH, /* when it is reached, its waiters are told */
	GO_SPECIAL_CHAN, /* the same for a channel, which only its first address reaches */
	GO_SPECIAL_NOTED, /* as any other; it was put on a list below */
};

/* Outside of the heap, words that keep nothing alive; see processor.h. */
struct go_scratch {
	uint64_t address;
	uint64_t bytes;
};

/* A stack of a thread: the scheduler's, or the one where it handles signals. */
struct go_thread_stack {
	uint64_t m;
	uint64_t low, high;
	bool signals;
};

struct go_mark_entry {
	uint64_t base;  /* 0: free */
	uint32_t first; /* waiter or owner; of a watched one, the head of a list */
	uint8_t kind;
};

struct go_mark {
	struct go_heap *heap;
	uint64_t *marked;  /* a bit for each object */
	uint64_t *special; /* whether it has an entry */
	struct go_mark_entry *entries;
	size_t nr_entries, cap_entries;
	uint64_t *work; /* span << 32 | object: reached, not read yet */
	size_t nr_work, cap_work;
	uint64_t *overflowed; /* spans whose objects found no room in work */
	size_t nr_overflowed, cap_overflowed;
	size_t nr_spans, nr_words; /* that there is room for */
	uint8_t *is_overflowed;
	uint32_t *reached; /* lists of waiters, of watched objects that were reached */
	size_t nr_reached, cap_reached;
	bool *alive;        /* by owner of a sudog; the caller's */
	uint8_t *processor; /* room for a copy of one; NULL: not needed yet */
	struct go_scratch *scratch;
	size_t nr_scratch, cap_scratch;
	uint64_t *processors; /* addresses of their records */
	size_t nr_processors, cap_processors;
	struct go_thread_stack *stacks;
	size_t nr_stacks, cap_stacks;
	uint64_t g_bytes;     /* of an object that holds a g; the caller's */
	unsigned gsignal;     /* offset in a runtime.m; the caller's */
	struct go_range data; /* the runtime's variables; the caller's */
	uint64_t seed;
	uint64_t read_bytes; /* of objects; for the progress */
	bool failed;         /* no memory */
};

/* For the heap as it was read last. The tables may be used again and again. */
bool go_mark_begin(struct go_mark *mark, struct go_heap *heap, bool *alive);
void go_mark_release(struct go_mark *mark);
/* After the heap was read again: room for what is new. */
bool go_mark_grow(struct go_mark *mark);
/* All that was reached is to be read once more. False: no memory. */
bool go_mark_again(struct go_mark *mark);
/* Treat the object that begins at base in a way of its own. *before becomes the list that
 * it had, or GO_MARK_NONE. False: it is no object, or one of another kind already. */
#define GO_MARK_NONE UINT32_MAX
bool go_mark_special(struct go_mark *mark, uint64_t base, enum go_special kind,
		     uint32_t first, uint32_t *before);
/* Words that were found. nr_bytes: a multiple of 8. */
void go_mark_words(struct go_mark *mark, const uint8_t *bytes, size_t nr_bytes);
/* Only those count that are the very beginning of an object. */
void go_mark_bases(struct go_mark *mark, const uint8_t *bytes, size_t nr_bytes);
void go_mark_address(struct go_mark *mark, uint64_t address);
/* The object is reached, and what it points to is not (yet). */
bool go_mark_is_opaque(const struct go_mark *mark, uint64_t base);

/* Memory for one more in a list; more than `most` there never are. False: no room. */
bool go_mark_room(void *list, size_t nr, size_t *capacity, size_t most, size_t element);
/* mark_runtime.c: an object of the runtime's own that is reached. True: it has been read;
 * false: it is to be read as any other. */
bool go_mark_runtime(struct go_mark *mark, uint64_t base, uint64_t size);
/* Whether a processor belongs to the runtime.m; 0: to the first one, which is no object of
 * the heap. What its thread's scheduler has on its stack is of no use without. */
bool go_mark_has_processor(const struct go_mark *mark, uint64_t m);

/* --- mark_follow.c --- */

/* Read the object at base now, whatever is known of it. */
void go_mark_contents(struct go_mark *mark, uint64_t base);
/* Follow what was reached, some of it: true when nothing is left. */
bool go_mark_follow(struct go_mark *mark);

#endif
