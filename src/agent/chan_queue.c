/* SPDX-License-Identifier: MIT */
/* The queues of a channel, with its lock held: adds and removes waiters and publishes
 * what has changed. Nothing here waits. */
#include "agent/chan.h"

#include <string.h>

uint32_t agent_chan_forks;
bool agent_chan_many_cpus;

void agent_chan_mirror(struct grmon_chan *chan)
{
	struct wire_chan *record = chan->record;

	if (!record || !agent_region_mine(chan->record_generation))
		return;
	__atomic_store_n(&record->length, chan_saturate(chan->length), __ATOMIC_RELAXED);
	__atomic_store_n(&record->nr_send, chan->nr_send, __ATOMIC_RELAXED);
	__atomic_store_n(&record->nr_recv, chan->nr_recv, __ATOMIC_RELAXED);
	__atomic_store_n(&record->closed, chan->closed, __ATOMIC_RELAXED);
}

static struct chan_queue *chan_queue_of(struct chan_node *node)
{
	return node->send ? &node->chan->senders : &node->chan->receivers;
}

static void chan_count(struct chan_node *node, uint32_t by)
{
	uint32_t *count = node->send ? &node->chan->nr_send : &node->chan->nr_recv;

	*count += by;
}

void agent_chan_enqueue(struct chan_node *node)
{
	struct chan_queue *queue = chan_queue_of(node);

	node->next = NULL;
	node->prev = queue->last;
	if (queue->last)
		queue->last->next = node;
	else
		queue->first = node;
	queue->last = node;
	node->queued = true;
	chan_count(node, 1);
}

void agent_chan_unlink(struct chan_node *node)
{
	struct chan_queue *queue = chan_queue_of(node);

	if (node->prev)
		node->prev->next = node->next;
	else
		queue->first = node->next;
	if (node->next)
		node->next->prev = node->prev;
	else
		queue->last = node->prev;
	node->queued = false;
	chan_count(node, (uint32_t)-1);
}

/* Removes the other cases of the same select on this channel, because the channel may be
 * freed as soon as one case is done. */
static void chan_unlink_siblings(const struct chan_node *fired)
{
	struct chan_waiter *waiter = fired->waiter;

	for (uint32_t i = 0; i < waiter->nr_nodes; i++) {
		struct chan_node *node = &waiter->nodes[i];

		if (node != fired && node->chan == fired->chan && node->queued)
			agent_chan_unlink(node);
	}
}

struct chan_node *agent_chan_pop(struct chan_queue *queue)
{
	struct chan_node *node;

	while ((node = queue->first)) {
		agent_chan_unlink(node);
		if (!chan_claim(node->waiter, node))
			continue;
		if (node->waiter->nr_nodes > 1)
			chan_unlink_siblings(node);
		return node;
	}
	return NULL;
}

bool agent_chan_hand_over(struct grmon_chan *chan, const void *element,
			  struct chan_waiter **wake)
{
	struct chan_node *receiver = agent_chan_pop(&chan->receivers);

	if (!receiver)
		return false;
	chan_copy(chan, receiver->element, element);
	*wake = receiver->waiter;
	return true;
}
