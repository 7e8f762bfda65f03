/* SPDX-License-Identifier: MIT */
/* The objects that goroutines wait on in one look, each once: who waits, and in words. */
#ifndef SOURCE_GO_QUEUE_H
#define SOURCE_GO_QUEUE_H

#include "core/snapshot.h"
#include "source/go/sample.h"

/* What the words of an object say. */
enum go_queue_kind {
	GO_QUEUE_CHAN,
	GO_QUEUE_MUTEX,
	GO_QUEUE_RWLOCK,
	GO_QUEUE_WAITGROUP,
	GO_QUEUE_OTHER, /* only waiters are known */
};

struct go_queue {
	uint64_t address;
	const char *text; /* in the snapshot's arena; NULL: not written yet */
	/* These saturate. Not of a channel: those who read or are to be waited for. */
	uint32_t length;
	uint32_t capacity;
	uint32_t senders;
	uint32_t receivers;
	uint32_t others; /* selects, or waiters for what is no channel */
	uint16_t element_bytes;
	uint8_t kind;
	bool known; /* the object could be read, and makes sense */
	bool closed;
	bool send_queue; /* of the runtime: somebody waits in it */
	bool recv_queue;
	bool writer;  /* of a rwlock: one has it, or waits to */
	bool held;    /* a mutex or rwlock */
	bool starves; /* a mutex: one has waited for longer than 1 ms */
};

struct go_queues {
	struct go_queue *list; /* the first stands for none and is empty */
	size_t nr;
	size_t cap_list;
	uint32_t *slots; /* hash: indexes into list; 0: free */
	size_t cap_slots;
	uint64_t seed;
	const struct go_queue *last; /* whose text was written last in this look */
	struct memory_item *items;
	uint8_t *bytes;
};

bool go_queues_init(struct go_queues *queues);
void go_queues_release(struct go_queues *queues);
/* Count who waits and read the objects. False: no memory. */
bool go_queues_read(struct go_queues *queues, struct go_sampler *sampler);
/* The object of that address; where there is none, an empty one. */
struct go_queue *go_queues_get(struct go_queues *queues, uint64_t address);
/* Where the object starts whose semaphore or channel the goroutine waits on. */
uint64_t go_queue_address(const struct go_entry *entry);

/* queue_text.c: say what a goroutine waits on; whole: in the detail view's words too. */
void go_queues_explain(struct go_queues *queues, const struct go_entry *entry, bool whole,
		       struct snapshot *out, struct waits_on *waits);

#endif
