/* SPDX-License-Identifier: MIT */
/*
 * The folder src/source/go reads the goroutines of a Go program from its memory. It does
 * not know which of them are leaked (proof/ does), nor how they are shown.
 *
 * One look at all goroutines. A goroutine whose g has not changed since the look before
 * has not run in between (the runtime counts and stamps its turns there), so what is known
 * of it still holds; the others are read, walked, and read again to see that they held
 * still meanwhile.
 */
#ifndef SOURCE_GO_SAMPLE_H
#define SOURCE_GO_SAMPLE_H

#include "source/go/layout.h"
#include "source/go/stack.h"
#include "source/go/wait.h"

#define GO_CHUNK       512u  /* goroutines that are read at a time */
#define GO_STACK_BYTES 4096u /* of each stack, read in advance */
#define GO_CHANS_MAX   16u   /* channels of one select that are kept */

/* What is known of one element of allgs. */
struct go_entry {
	uint64_t address; /* of the g */
	uint64_t hash;    /* of what must stay the same; 0: nothing is known */
	uint64_t goid;
	uint64_t parent;
	uint64_t m; /* where it runs or called the system, or 0 */
	uint64_t labels;
	uint64_t object;  /* the channel, semaphore or pollDesc, or 0 */
	uint64_t locked;  /* the runtime.m that it is tied to, or 0 */
	int64_t until_ns; /* when its sleep ends; 0: not known, or no sleep */
	uint64_t *chans;  /* of a select; NULL: none or one */
	const struct stack *stack;
	const struct stack *created_by;
	const char *start;              /* function that it was started with; or NULL */
	const char *name;               /* the same, but what the program wrote */
	const struct go_reason *reason; /* NULL: by status */
	int64_t first_ns;               /* this wait was seen first */
	int64_t since_ns;               /* the runtime's own figure, or 0 */
	int32_t fd;
	uint32_t queue; /* of the object, in the list of this look; 0: none */
	uint16_t turn;  /* its count, plus one; 0: not known */
	uint8_t status;
	uint8_t nr_chans;
	uint8_t state;
	bool live;
	bool system;   /* the runtime's own */
	bool suspect;  /* changed while it was read, again and again */
	bool watched;  /* this wait began while it was being watched */
	bool searched; /* for its object */
};

struct go_pending {
	uint32_t at; /* in the chunk */
	uint32_t item;
	uint64_t hash;
	uint64_t sp, pc, high, low;
};

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
	uint64_t looks;
	int64_t now_ns;
	int64_t last_ns;

	/* Of one chunk. */
	uint8_t *copies;
	uint8_t *again;
	uint8_t *stack_bytes;
	struct memory_item *items;
	struct memory_span *spans;
	struct go_pending *pending;
	size_t nr_pending;

	unsigned searches_left; /* for objects, in this look */
	size_t lock_word;       /* where the last one was found on the stack */
	size_t poll_word;
	size_t cond_word;
	uint64_t retries; /* all looks; for tests and figures */
	uint64_t walked;
};

bool go_sampler_init(struct go_sampler *sampler, struct memory *mem,
		     const struct go_layout *layout, const struct go_reasons *reasons,
		     struct go_stacks *stacks);
void go_sampler_release(struct go_sampler *sampler);
/* All is to be walked again in the next look. */
void go_sampler_doubt(struct go_sampler *sampler);
int go_sampler_look(struct go_sampler *sampler, int64_t now_ns, struct err *e);

/* What must stay the same as long as a goroutine does not run; never 0. Tests. */
uint64_t go_g_hash(const uint8_t *bytes, const struct go_g_layout *layout);

/* object.c: what the waiting goroutines of the chunk wait on. */
struct go_look_stack {
	const uint8_t *bytes; /* copy of the stack from sp on */
	size_t nr_bytes;
	uint64_t low; /* where it lies in all */
	uint64_t high;
};
void go_objects_find(struct go_sampler *sampler, struct go_entry *chunk);
void go_object_search(struct go_sampler *sampler, struct go_entry *entry,
		      const struct go_look_stack *stack);

#endif
