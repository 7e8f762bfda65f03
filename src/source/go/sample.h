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

#include "source/go/fetch.h"
#include "source/go/stack.h"
#include "source/go/wait.h"

#define GO_CHANS_MAX 16u /* channels kept per select */

/* The channels of a select that waits on several. */
struct go_chans {
	uint32_t nr, capacity;
	uint64_t list[];
};

/* What is known of few goroutines. */
struct go_more {
	uint64_t labels;
	uint64_t m;             /* the m on which it runs or is in a system call, or 0 */
	uint64_t locked;        /* the runtime.m that it is locked to, or 0 */
	struct go_chans *chans; /* or NULL */
	/* With GODEBUG=tracebackancestors, see ancestor.c. */
	uint64_t ancestors; /* address of the list, while it is to be read */
	const struct ancestry *ancestry;
	uint64_t *ancestor_ids; /* as many as ancestry->nr, or NULL */
};

/* What is known about an element of allgs. There may be a million of them, so it is small:
 * the address of its g is in another array, and rare things are in `more`. */
struct go_entry {
	uint64_t goid;
	int64_t first_ns; /* when this wait was first seen */
	const struct stack *stack;
	const struct go_reason *reason; /* NULL if only the status is known */
	union {
		uint64_t object;  /* the channel, semaphore or pollDesc, or 0 */
		int64_t until_ns; /* if it sleeps: when that ends; 0 if unknown */
	};
	union {
		/* index of the object in the list of queues; 0 if none */
		uint32_t queue;
		int32_t fd; /* if it waits for one; -1 if unknown */
	};
	uint8_t status;
	uint8_t state;
	uint8_t turn; /* its turn count, if `turned` */
	bool live : 1;
	bool system : 1;   /* a goroutine of the runtime itself */
	bool suspect : 1;  /* it changed during every attempt to read it */
	bool watched : 1;  /* this wait began while it was watched */
	bool searched : 1; /* its object was searched for */
	bool counted : 1;  /* among the waiters of its queues */
	bool sleeps : 1;   /* and so has until_ns */
	bool turned : 1;

	const char *name; /* the function that it was started with, as written in the
			   * program, or NULL */
	const struct stack *created_by;
	uint64_t parent;
	struct go_more *more; /* or NULL; go_entry_more() reads it */
};

/* What a look needs of a goroutine that has not run, beside the entries, which it does not
 * touch then. */
struct go_kept {
	/* of what must stay the same, see go_sampler_hash(); 0 if nothing is known, and even
	 * if something is still to be searched for */
	uint64_t hash;
	int64_t since_ns; /* the runtime's own value, or 0 */
};

/* A goroutine that no longer waits as it did, for who counts waiters. */
struct go_left {
	struct go_chans *chans; /* as it was in the entry; owned */
	uint32_t queue;
	uint8_t state;
};

/* What has changed since waiters were counted last. */
struct go_moves {
	struct go_left *left;
	size_t nr_left, cap_left;
	uint32_t *came; /* indexes of entries that were read again */
	size_t nr_came, cap_came;
	bool many; /* too many are not listed */
};

extern const struct go_more go_more_none;

struct go_ancestors;

struct go_sampler {
	struct memory *mem;
	const struct go_layout *layout;
	const struct go_reasons *reasons;
	struct go_stacks *stacks;
	struct memory_gather gather;

	struct go_entry *entries; /* in the order of allgs */
	uint64_t *addresses;      /* of their gs */
	struct go_kept *kept;
	size_t nr_entries;
	size_t nr_known; /* of them, those that the last sample had */
	size_t cap_entries, cap_addresses, cap_kept;
	size_t nr_shown;   /* live ones that are not the runtime's own */
	size_t nr_syscall; /* live ones in a system call */
	struct go_moves moves;
	uint64_t samples;
	int64_t now_ns;
	int64_t last_ns;

	struct go_fetch *fetch;
	const struct go_pending *pending; /* of the batch */
	size_t nr_pending;
	/* Room for the objects of a batch. */
	uint8_t *again;
	struct memory_item *items;

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
/* Returns the address of its g. */
static inline uint64_t go_sampler_address(const struct go_sampler *sampler,
					  const struct go_entry *entry)
{
	return sampler->addresses[entry - sampler->entries];
}
static inline struct go_kept *go_sampler_kept(const struct go_sampler *sampler,
					      const struct go_entry *entry)
{
	return &sampler->kept[entry - sampler->entries];
}
/* Returns the hash of its g as it was read, or 0 if nothing is known. */
static inline uint64_t go_sampler_hash(const struct go_sampler *sampler,
				       const struct go_entry *entry)
{
	uint64_t hash = go_sampler_kept(sampler, entry)->hash;

	return hash ? hash | 1 : 0;
}
/* Never NULL: what is not known is zero. */
static inline const struct go_more *go_entry_more(const struct go_entry *entry)
{
	return entry->more ? entry->more : &go_more_none;
}
/* For setting something. Returns NULL if there is no memory. */
struct go_more *go_entry_edit(struct go_entry *entry);
/* list: the address of those that are to be read, or 0. */
void go_entry_forget_ancestors(struct go_entry *entry, uint64_t list);
/* Adds a channel that it waits on. */
void go_entry_add_chan(struct go_entry *entry, uint64_t chan);
/* Frees what it has in `more`. */
void go_entry_release(struct go_entry *entry);

/* Note that a goroutine no longer waits as it did, before the entry says so, and that it
 * now does something else. For the sampler itself, and for tests. */
void go_sampler_leave(struct go_sampler *sampler, struct go_entry *entry);
void go_sampler_came(struct go_sampler *sampler, const struct go_entry *entry);
/* Forgets the moves, which have been counted. */
void go_sampler_counted(struct go_sampler *sampler);

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
