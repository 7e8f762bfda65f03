/* SPDX-License-Identifier: MIT */
/* The objects that goroutines wait on in one sample, each listed once with its waiters
 * and its text. */
#ifndef SOURCE_GO_QUEUE_H
#define SOURCE_GO_QUEUE_H

#include "core/snapshot.h"
#include "source/go/sample.h"

/* What is known about an object's contents. */
enum go_queue_kind {
	GO_QUEUE_CHAN,
	GO_QUEUE_MUTEX,
	GO_QUEUE_RWLOCK,
	GO_QUEUE_WAITGROUP,
	GO_QUEUE_OTHER, /* only the waiters are known */
};

/* There is one per object, so it is small. */
struct go_queue {
	uint64_t address;
	/* These saturate. Except for a channel, length is the number of readers or of
	 * calls still missing. */
	uint32_t length;
	uint32_t capacity;
	uint32_t senders;
	uint32_t receivers;
	uint32_t others; /* selects, or waiters for other objects */
	uint16_t element_bytes;
	uint8_t kind;
	bool known : 1; /* the object could be read and is valid */
	bool closed : 1;
	bool send_queue : 1; /* of the runtime: it is not empty */
	bool recv_queue : 1;
	bool writer : 1;  /* of a rwlock: a writer holds it or waits for it */
	bool held : 1;    /* a mutex or rwlock */
	bool starves : 1; /* a mutex: a waiter has waited for more than 1 ms */
	bool fresh : 1;   /* its waiters have changed since it was read */
};

/* A text of this sample, and what it says. */
struct go_queue_text {
	struct go_queue queue;
	const char *name;
	const char *text; /* in the snapshot's arena; NULL if there is none */
};
#define GO_QUEUE_TEXTS 256u /* a power of two */

struct go_queues {
	struct go_queue *list; /* the first one is empty and means "none" */
	size_t nr;
	size_t nr_idle; /* of them, those for which nobody waits any more */
	size_t cap_list;
	uint32_t *slots; /* hash table of indexes in list; 0 if free */
	size_t cap_slots;
	uint32_t *fresh; /* indexes of those whose waiters have changed */
	size_t nr_fresh, cap_fresh;
	bool all;     /* each is to be read in each sample, or in this one */
	bool changes; /* some change while their waiters do not */
	uint64_t seed;
	struct go_queue_text texts[GO_QUEUE_TEXTS];
	const struct go_queue_text *last; /* used last; NULL if none */
	struct memory_item *items;
	uint8_t *bytes;
};

bool go_queues_init(struct go_queues *queues);
void go_queues_release(struct go_queues *queues);
/*
 * Counts waiters and reads the objects. Only what has moved since the last sample is
 * counted, and a channel is read again only if its waiters are not the same: while a
 * goroutine waits in one of its queues, neither its length nor its end can change. Locks
 * change hands without their waiters, so they are read each time. Returns false if out of
 * memory.
 */
bool go_queues_read(struct go_queues *queues, struct go_sampler *sampler);
/* Returns the object at that address, or an empty one if nobody waits for it. */
const struct go_queue *go_queues_get(const struct go_queues *queues, uint64_t address);
/* Returns the start address of the object whose semaphore or channel the goroutine waits
 * on. */
uint64_t go_queue_address(const struct go_entry *entry);

/* queue_text.c: describes what a goroutine waits on; whole: with the text of the detail
 * view too. */
void go_queues_explain(struct go_queues *queues, const struct go_entry *entry, bool whole,
		       struct snapshot *out, struct waits_on *waits);

#endif
