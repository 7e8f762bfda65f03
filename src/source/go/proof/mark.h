/* SPDX-License-Identifier: MIT */
/*
 * Marks the objects of a Go heap that can be reached from given words. Every word that
 * could be an address counts as one, wherever it points into an object, so more may be
 * reached than the program itself could reach, never less. The one exception is a
 * channel, which is never kept alive by an address inside it, so that a word with an old
 * address under a flag does not count.
 */
#ifndef SOURCE_GO_PROOF_MARK_H
#define SOURCE_GO_PROOF_MARK_H

#include "source/go/proof/heap.h"

/* Objects that need special treatment. */
enum go_special {
	GO_SPECIAL_G,     /* its pointers are not followed */
	GO_SPECIAL_SUDOG, /* its pointers are not followed until its owner is alive */
	GO_SPECIAL_WATCH, /* reaching it makes its waiters live */
	GO_SPECIAL_CHAN,  /* the same for a channel, reached by its start only */
	GO_SPECIAL_NOTED, /* treated as any other object; it is in a list below */
};

/* Words outside the heap that keep nothing alive; see go/processor.h. */
struct go_scratch {
	uint64_t address;
	uint64_t bytes;
};

/* A stack of a thread: the scheduler's or the one for signal handlers. */
struct go_thread_stack {
	uint64_t m;
	uint64_t low, high;
	bool signals;
};

struct go_mark_entry {
	uint64_t base;  /* 0 if free */
	uint32_t first; /* waiter or owner; for a watched object, the head of a list */
	uint8_t kind;
};

struct go_mark {
	struct go_heap *heap;
	uint64_t *marked;  /* one bit per object */
	uint64_t *special; /* one bit per object: whether it has an entry */
	size_t cap_marked, cap_special;
	struct go_mark_entry *entries;
	size_t nr_entries, cap_entries;
	uint64_t *work; /* span << 32 | object: reached but not read yet */
	size_t nr_work, cap_work;
	uint64_t *overflowed; /* spans with objects that did not fit in work */
	size_t nr_overflowed, cap_overflowed;
	uint8_t *is_overflowed; /* by span */
	size_t cap_is_overflowed;
	uint32_t *reached; /* lists of waiters of watched objects that were reached */
	size_t nr_reached, cap_reached;
	bool *alive;        /* by owner of a sudog; owned by the caller */
	uint8_t *processor; /* buffer for a copy of one; NULL until needed */
	struct go_scratch *scratch;
	size_t nr_scratch, cap_scratch;
	uint64_t *processors; /* addresses of their records */
	size_t nr_processors, cap_processors;
	struct go_thread_stack *stacks;
	size_t nr_stacks, cap_stacks;
	uint64_t g_bytes;     /* of an object that holds a g; set by the caller */
	unsigned gsignal;     /* offset in a runtime.m; set by the caller */
	struct go_range data; /* the runtime's variables; set by the caller */
	uint64_t seed;
	uint64_t read_bytes; /* of objects; for the progress display */
	bool failed;         /* out of memory */
};

/* Prepares for the heap as it was last read. May be called repeatedly. */
bool go_mark_begin(struct go_mark *mark, struct go_heap *heap, bool *alive);
void go_mark_release(struct go_mark *mark);
/* Makes room for new objects after the heap was read again. */
bool go_mark_grow(struct go_mark *mark);
/* Schedules everything that was reached to be read again. Returns false if out of
 * memory. */
bool go_mark_again(struct go_mark *mark);
/* Gives the object that starts at base special treatment. *before is set to the list that
 * it had, or to GO_MARK_NONE. Returns false if it is not an object or already has another
 * kind. */
#define GO_MARK_NONE UINT32_MAX
bool go_mark_special(struct go_mark *mark, uint64_t base, enum go_special kind,
		     uint32_t first, uint32_t *before);
/* Marks what the words point to. nr_bytes is a multiple of 8. */
void go_mark_words(struct go_mark *mark, const uint8_t *bytes, size_t nr_bytes);
/* The same, but counts only words that are the start address of an object. */
void go_mark_bases(struct go_mark *mark, const uint8_t *bytes, size_t nr_bytes);
void go_mark_address(struct go_mark *mark, uint64_t address);
/* Returns true if the pointers of the object are not followed (yet). */
bool go_mark_is_opaque(const struct go_mark *mark, uint64_t base);

/* mark_runtime.c: handles an object of the runtime itself that was reached. Returns true
 * if it has been read, false if it is to be read as any other object. */
bool go_mark_runtime(struct go_mark *mark, uint64_t base, uint64_t size);
/* Returns true if the runtime.m has a processor. If m is 0, this is about the first
 * runtime.m, which is not a heap object. Without a processor, a thread's scheduler does
 * not use what is on its stack. */
bool go_mark_has_processor(const struct go_mark *mark, uint64_t m);

/* --- mark_follow.c --- */

/* Reads the object at base now, regardless of its state. */
void go_mark_contents(struct go_mark *mark, uint64_t base);
/* Follows some of the reached objects. Returns true when nothing is left. */
bool go_mark_follow(struct go_mark *mark);

#endif
