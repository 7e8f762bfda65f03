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

struct go_queue {
	uint64_t address;
	const char *text; /* in the snapshot's arena; NULL until formatted */
	/* These saturate. Except for a channel, length is the number of readers or of
	 * calls still missing. */
	uint32_t length;
	uint32_t capacity;
	uint32_t senders;
	uint32_t receivers;
	uint32_t others; /* selects, or waiters for other objects */
	uint16_t element_bytes;
	uint8_t kind;
	bool known; /* the object could be read and is valid */
	bool closed;
	bool send_queue; /* of the runtime: it is not empty */
	bool recv_queue;
	bool writer;  /* of a rwlock: a writer holds it or waits for it */
	bool held;    /* a mutex or rwlock */
	bool starves; /* a mutex: a waiter has waited for more than 1 ms */
};

struct go_queues {
	struct go_queue *list; /* the first one is empty and means "none" */
	size_t nr;
	size_t cap_list;
	uint32_t *slots; /* hash table of indexes in list; 0 if free */
	size_t cap_slots;
	uint64_t seed;
	const struct go_queue
		*last; /* the object whose text was last formatted in this sample */
	struct memory_item *items;
	uint8_t *bytes;
};

bool go_queues_init(struct go_queues *queues);
void go_queues_release(struct go_queues *queues);
/* Counts waiters and reads the objects. Returns false if out of memory. */
bool go_queues_read(struct go_queues *queues, struct go_sampler *sampler);
/* Returns the object at that address, or an empty one. */
struct go_queue *go_queues_get(struct go_queues *queues, uint64_t address);
/* Returns the start address of the object whose semaphore or channel the goroutine waits
 * on. */
uint64_t go_queue_address(const struct go_entry *entry);

/* queue_text.c: describes what a goroutine waits on; whole: with the text of the detail
 * view too. */
void go_queues_explain(struct go_queues *queues, const struct go_entry *entry, bool whole,
		       struct snapshot *out, struct waits_on *waits);

#endif
