/* SPDX-License-Identifier: MIT */
/*
 * The folder src/source/go reads the goroutines of a Go program from its memory. It does
 * not know which of them are leaked (proof/ does) or how they are shown.
 *
 * Samples all goroutines. A goroutine whose g has not changed since the previous sample
 * has not run in between (the runtime counts and timestamps its turns there), so what is
 * known about it is still valid. The others are read, walked, and read again to verify
 * that they did not change meanwhile.
 */
#ifndef SOURCE_GO_SAMPLE_H
#define SOURCE_GO_SAMPLE_H

#include "source/go/layout.h"
#include "source/go/stack.h"
#include "source/go/wait.h"

#define GO_CHUNK       512u  /* goroutines read at a time */
#define GO_STACK_BYTES 4096u /* of each stack, read in advance */
#define GO_CHANS_MAX   16u   /* channels kept per select */

/* What is known about an element of allgs. */
struct go_entry {
	uint64_t address; /* of the g */
	uint64_t hash;    /* hash of what must stay the same; 0 if nothing is known */
	uint64_t goid;
	uint64_t parent;
	uint64_t m; /* the m on which it runs or is in a system call, or 0 */
	uint64_t labels;
	uint64_t object;  /* the channel, semaphore or pollDesc, or 0 */
	uint64_t locked;  /* the runtime.m that it is locked to, or 0 */
	int64_t until_ns; /* when its sleep ends; 0 if unknown or not a sleep */
	uint64_t *chans;  /* of a select; NULL for none or one */
	const struct stack *stack;
	const struct stack *created_by;
	/* With GODEBUG=tracebackancestors, see ancestor.c. */
	uint64_t ancestors; /* address of the list, while it is to be read */
	const struct ancestry *ancestry;
	uint64_t *ancestor_ids;         /* as many as ancestry->nr, or NULL */
	const char *start;              /* function that it was started with, or NULL */
	const char *name;               /* the same, as written in the program */
	const struct go_reason *reason; /* NULL if only the status is known */
	int64_t first_ns;               /* when this wait was first seen */
	int64_t since_ns;               /* the runtime's own value, or 0 */
	int32_t fd;
	uint32_t queue; /* index of the object in this sample's list; 0 if none */
	uint16_t turn;  /* its turn count plus one; 0 if unknown */
	uint8_t status;
	uint8_t nr_chans;
	uint8_t state;
	bool live;
	bool system;   /* a goroutine of the runtime itself */
	bool suspect;  /* it changed during every attempt to read it */
	bool watched;  /* this wait began while it was watched */
	bool searched; /* its object was searched for */
};

struct go_pending {
	uint32_t at; /* index in the chunk */
	uint32_t item;
	uint64_t hash;
	uint64_t sp, pc, high, low;
};

struct go_ancestors;

struct go_sampler {
	struct memory *mem;
	const struct go_layout *layout;
	const struct go_reasons *reasons;
	struct go_stacks *stacks;
	struct memory_gather gather;

	struct go_entry *entries; /* in the order of allgs */
	size_t nr_entries;
	size_t cap_entries, cap_addresses;
	uint64_t *addresses;
	uint64_t samples;
	int64_t now_ns;
	int64_t last_ns;

	/* For one chunk. */
	uint8_t *copies;
	uint8_t *again;
	uint8_t *stack_bytes;
	struct memory_item *items;
	struct memory_span *spans;
	struct go_pending *pending;
	size_t nr_pending;

	unsigned searches_left; /* searches for objects left in this sample */
	size_t lock_word;       /* where the last one was found on a stack */
	size_t poll_word;
	size_t cond_word;
	struct go_ancestors *ancestors; /* created when the first list is found */
	uint64_t retries;               /* over all samples; for tests and statistics */
	uint64_t walked;
};

bool go_sampler_init(struct go_sampler *sampler, struct memory *mem,
		     const struct go_layout *layout, const struct go_reasons *reasons,
		     struct go_stacks *stacks);
void go_sampler_release(struct go_sampler *sampler);
/* Makes the next sample walk all stacks again. */
void go_sampler_doubt(struct go_sampler *sampler);
int go_sampler_run(struct go_sampler *sampler, int64_t now_ns, struct err *e);

/* Returns a hash of what stays the same while a goroutine does not run; never 0. Also for
 * tests. */
uint64_t go_g_hash(const uint8_t *bytes, const struct go_g_layout *layout);

/* object.c: finds what the waiting goroutines of the chunk wait on. */
struct go_stack_copy {
	const uint8_t *bytes; /* copy of the stack from sp on */
	size_t nr_bytes;
	uint64_t low; /* bounds of the whole stack */
	uint64_t high;
};
void go_objects_find(struct go_sampler *sampler, struct go_entry *chunk);
void go_object_search(struct go_sampler *sampler, struct go_entry *entry,
		      const struct go_stack_copy *stack);

/* ancestor.c: reads the ancestors of the goroutines of the chunk that are new. */
void go_ancestors_find(struct go_sampler *sampler, struct go_entry *chunk);

#endif
