/* SPDX-License-Identifier: MIT */
/* The objects that goroutines wait on in one look, each once: who waits, and in words. */
#ifndef SOURCE_GO_QUEUE_H
#define SOURCE_GO_QUEUE_H

#include "core/snapshot.h"
#include "source/go_sample.h"

struct go_queue {
	uint64_t address;
	const char *text; /* in the snapshot's arena; NULL: not written yet */
	uint32_t length;  /* these saturate */
	uint32_t capacity;
	uint32_t senders;
	uint32_t receivers;
	uint32_t others; /* selects, or waiters for what is no channel */
	bool chan;
	bool known; /* the channel could be read */
	bool closed;
};

struct go_queues {
	struct go_queue *list; /* the first stands for none and is empty */
	size_t nr;
	size_t cap_list;
	uint32_t *slots; /* hash: indexes into list; 0: free */
	size_t cap_slots;
	uint64_t seed;
	struct go_item *items;
	uint8_t *bytes;
};

bool go_queues_init(struct go_queues *queues);
void go_queues_release(struct go_queues *queues);
/* Count who waits and read the channels. False: no memory. */
bool go_queues_read(struct go_queues *queues, struct go_sampler *sampler);
/* Say what a goroutine waits on. */
void go_queues_explain(struct go_queues *queues, const struct go_entry *entry,
		       struct snapshot *out, struct waits_on *waits);

#endif
