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

/* Objects that need special treatment, beside hidden ones. */
enum go_special {
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

/* One bit for each of GO_HEAP_OBJECTS objects of a span. */
struct go_mark_bits {
	uint64_t marked;  /* reached */
	uint64_t pending; /* reached, and to be read */
	uint64_t special; /* has an entry that matters when it is reached or read */
	uint64_t hidden;  /* is a g: its pointers are not followed */
};

/* What is special about an object. There may be millions. */
struct go_mark_entry {
	uint32_t object;     /* its number plus one; 0 if free */
	uint32_t first : 29; /* waiter or owner; if watched, the head of a list */
	uint32_t kind : 3;
};
#define GO_MARK_NONE ((1u << 29) - 1)

struct go_mark {
	struct go_heap *heap;
	struct go_mark_bits *bits;
	size_t cap_bits;
	struct go_mark_entry *entries;
	size_t nr_entries, cap_entries;
	/* Spans with pending objects: those that are read now, and those after them. A
	 * span is in one of the lists at most once. */
	uint32_t *now, *next;
	size_t at_now, nr_now, cap_now, nr_next, cap_next;
	uint8_t *is_listed; /* by span */
	size_t cap_listed;
	struct go_mark_batch *batch; /* what is read at once */
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
/* Makes the object at base, a g, opaque: its pointers are not followed. Returns false if it
 * is not an object or is special. */
bool go_mark_hide(struct go_mark *mark, uint64_t base);
/* Gives the object that starts at base special treatment. *before is set to the list that
 * it had, or to GO_MARK_NONE. first is below GO_MARK_NONE. Returns false if it is not an
 * object, is hidden, or already has another kind. */
bool go_mark_special(struct go_mark *mark, uint64_t base, enum go_special kind,
		     uint32_t first, uint32_t *before);
/* Marks what the words point to. nr_bytes is a multiple of 8. */
void go_mark_words(struct go_mark *mark, const uint8_t *bytes, size_t nr_bytes);
/* The same, but counts only words that are the start address of an object. */
void go_mark_bases(struct go_mark *mark, const uint8_t *bytes, size_t nr_bytes);
void go_mark_address(struct go_mark *mark, uint64_t address);
/* Marks the sudog at base, whose owner is alive: from now on it is an object like any
 * other. */
void go_mark_wake(struct go_mark *mark, uint64_t base);
/* Returns true if the special object's pointers are not followed (yet). */
bool go_mark_is_opaque(const struct go_mark *mark, uint32_t object);
/* Puts the span into the list of those with pending objects. */
void go_mark_list(struct go_mark *mark, uint32_t span);

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
