/* SPDX-License-Identifier: MIT */
/* Creates channels, sends, receives and closes. agent/chan.h describes the design. */
#include "agent/chan.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

/* More than any program needs, and small enough not to overflow. */
#define CHAN_CAPACITY_MAX (SIZE_MAX / 4)
#define CHAN_BYTES_MAX    (SIZE_MAX >> (sizeof(size_t) == 8 ? 24 : 2))

static void chan_forked(void)
{
	agent_chan_forks++;
}

static void chan_once(void)
{
	cpu_set_t cpus;

	agent_chan_many_cpus =
		sched_getaffinity(0, sizeof(cpus), &cpus) != 0 || CPU_COUNT(&cpus) > 1;
	pthread_atfork(NULL, NULL, chan_forked);
}

static void chan_record_name(struct grmon_chan *chan)
{
	if (!chan->record || !agent_region_mine(chan->record_generation))
		return;
	for (size_t i = 0; i < sizeof(chan->name); i++)
		__atomic_store_n(&chan->record->name[i], chan->name[i], __ATOMIC_RELAXED);
}

static void chan_record(struct grmon_chan *chan)
{
	uint32_t generation = 0;
	struct wire_chan *record = agent_chan_acquire(&generation);

	chan->record = record;
	chan->record_generation = generation;
	chan->record_fork = agent_chan_forks;
	if (!record)
		return;
	__atomic_store_n(&record->site, chan->site, __ATOMIC_RELAXED);
	__atomic_store_n(&record->element_bytes, (uint32_t)chan->element_bytes,
			 __ATOMIC_RELAXED);
	__atomic_store_n(&record->capacity, chan_saturate(chan->capacity),
			 __ATOMIC_RELAXED);
	__atomic_store_n(&record->address, (uint64_t)(uintptr_t)chan, __ATOMIC_RELAXED);
	chan_record_name(chan);
	agent_chan_mirror(chan);
}

void agent_chan_adopt(struct grmon_chan *chan)
{
	if (chan->record_fork != agent_chan_forks)
		chan_record(chan);
}

struct grmon_chan *grmon_chan_new(size_t element_bytes, size_t capacity)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct grmon_chan *chan = NULL;
	int saved = errno;

	if (element_bytes > GRMON_CHAN_ELEMENT_MAX || capacity > CHAN_CAPACITY_MAX ||
	    (element_bytes > 0 && capacity > CHAN_BYTES_MAX / element_bytes))
		return NULL;
	pthread_once(&once, chan_once);
	if (posix_memalign((void **)&chan, 64,
			   sizeof(*chan) + element_bytes * capacity) != 0)
		chan = NULL;
	errno = saved;
	if (!chan)
		return NULL;
	memset(chan, 0, sizeof(*chan));
	chan->element_bytes = element_bytes;
	chan->capacity = capacity;
	chan->fork_count = agent_chan_forks;
	chan->site = (uint64_t)(uintptr_t)__builtin_return_address(0);
	chan_record(chan);
	return chan;
}

void grmon_chan_name(struct grmon_chan *chan, const char *name)
{
	size_t i = 0;

	if (!chan || !name)
		return;
	chan_lock(chan);
	for (; i < sizeof(chan->name) - 1 && name[i]; i++)
		chan->name[i] = name[i];
	for (; i < sizeof(chan->name); i++)
		chan->name[i] = '\0';
	chan_record_name(chan);
	chan_unlock(chan);
}

void grmon_chan_free(struct grmon_chan *chan)
{
	int saved = errno;

	if (!chan)
		return;
	if (chan->record && agent_region_mine(chan->record_generation))
		agent_chan_release(chan->record, chan->record_generation);
	while (chan->returned) {
		struct chan_returned *next = chan->returned->next;

		free(chan->returned);
		chan->returned = next;
	}
	free(chan);
	errno = saved;
}

static inline void chan_put(struct grmon_chan *chan, const void *element)
{
	size_t tail = chan->head + chan->length;

	if (tail >= chan->capacity)
		tail -= chan->capacity;
	chan_copy(chan, chan->buffer + tail * chan->element_bytes, element);
	__atomic_store_n(&chan->length, chan->length + 1, __ATOMIC_RELAXED);
}

static inline void chan_take(struct grmon_chan *chan, void *element)
{
	chan_copy(chan, element, chan->buffer + chan->head * chan->element_bytes);
	chan->head = chan->head + 1 < chan->capacity ? chan->head + 1 : 0;
	__atomic_store_n(&chan->length, chan->length - 1, __ATOMIC_RELAXED);
}

int agent_chan_send_now(struct grmon_chan *chan, const void *element,
			struct chan_waiter **wake)
{
	*wake = NULL;
	if (AGENT_UNLIKELY(chan->closed))
		return GRMON_ECLOSED;
	if (!chan->receivers.first || !agent_chan_hand_over(chan, element, wake)) {
		if (chan->length == chan->capacity)
			return GRMON_EAGAIN;
		chan_put(chan, element);
	}
	agent_chan_mirror(chan);
	return GRMON_OK;
}

static void chan_take_returned(struct grmon_chan *chan, void *element)
{
	struct chan_returned *returned = chan->returned;

	chan->returned = returned->next;
	chan_copy(chan, element, returned->element);
	free(returned);
}

int agent_chan_recv_now(struct grmon_chan *chan, void *element, struct chan_waiter **wake)
{
	struct chan_node *sender = NULL;

	*wake = NULL;
	if (AGENT_UNLIKELY(chan->returned != NULL)) {
		chan_take_returned(chan, element);
		return GRMON_OK;
	}
	if (chan->length > 0) {
		chan_take(chan, element);
		if (chan->senders.first && (sender = agent_chan_pop(&chan->senders)))
			chan_put(chan, sender->element);
	} else if (chan->senders.first && (sender = agent_chan_pop(&chan->senders))) {
		chan_copy(chan, element, sender->element);
	} else if (chan->closed) {
		if (element)
			memset(element, 0, chan->element_bytes);
		return GRMON_ECLOSED;
	} else {
		return GRMON_EAGAIN;
	}
	if (sender)
		*wake = sender->waiter;
	agent_chan_mirror(chan);
	return GRMON_OK;
}

static int chan_now(struct grmon_chan *chan, void *element, bool send,
		    struct chan_waiter **wake)
{
	return send ? agent_chan_send_now(chan, element, wake)
		    : agent_chan_recv_now(chan, element, wake);
}

/* Operation on a nil channel: waits until the deadline, or forever. */
static __attribute__((noinline)) int chan_nil(uint32_t state, int64_t deadline_ns,
					      const void *site)
{
	struct chan_waiter waiter = {0};
	struct chan_why why = {.state = state, .site = site, .deadline_ns = deadline_ns};

	if (deadline_ns == CHAN_TRY)
		return GRMON_EAGAIN;
	agent_chan_wait(&waiter, &why);
	return GRMON_ETIMEDOUT;
}

/* Blocks in an operation that could not complete at once. The channel's lock is held. */
static __attribute__((noinline)) int chan_block(struct grmon_chan *chan, void *element,
						bool send, int64_t deadline_ns,
						const void *site)
{
	struct chan_node node = {.chan = chan, .element = element, .send = send};
	struct chan_waiter waiter = {.nodes = &node, .nr_nodes = 1};
	struct chan_why why = {.state = send ? GRMON_CHAN_SEND : GRMON_CHAN_RECV,
			       .object = (uint64_t)(uintptr_t)chan,
			       .site = site,
			       .deadline_ns = deadline_ns};

	node.waiter = &waiter;
	if (chan->capacity == 0)
		why.spin = agent_chan_spin(chan);
	if (chan->capacity > 0) {
		struct chan_waiter *wake;
		int rc;

		chan_unlock(chan);
		agent_chan_spin_buffer(chan, send);
		chan_lock(chan);
		rc = chan_now(chan, element, send, &wake);
		if (rc != GRMON_EAGAIN) {
			chan_unlock(chan);
			chan_finish(wake);
			return rc;
		}
	}
	agent_chan_adopt(chan);
	agent_chan_enqueue(&node);
	agent_chan_mirror(chan);
	chan_unlock(chan);
	if (!agent_chan_wait(&waiter, &why))
		return GRMON_ETIMEDOUT;
	return node.closed ? GRMON_ECLOSED : GRMON_OK;
}

static inline int chan_operate(struct grmon_chan *chan, void *element, bool send,
			       int64_t deadline_ns, const void *site)
{
	struct chan_waiter *wake;
	int rc;

	chan_lock(chan);
	rc = chan_now(chan, element, send, &wake);
	if (AGENT_UNLIKELY(rc == GRMON_EAGAIN) && deadline_ns != CHAN_TRY) {
		rc = chan_block(chan, element, send, deadline_ns, site);
		/* An instruction after the call prevents a tail call: the public
		 * function's frame must stay on the stack, because stack readers look for
		 * it. */
		__asm__ volatile("");
		return rc;
	}
	chan_unlock(chan);
	chan_finish(wake);
	return rc;
}

/* Return address of a public function. Only valid inside one. */
#define CHAN_SITE __builtin_return_address(0)

/* The element of a send is only read, so one type of entry serves both directions. */
static inline int chan_send_at(struct grmon_chan *chan, const void *element,
			       int64_t deadline_ns, const void *site)
{
	if (AGENT_UNLIKELY(!chan))
		return chan_nil(GRMON_CHAN_SEND, deadline_ns, site);
	return chan_operate(chan, (void *)element, true, deadline_ns, site);
}

static inline int chan_recv_at(struct grmon_chan *chan, void *element,
			       int64_t deadline_ns, const void *site)
{
	if (AGENT_UNLIKELY(!chan))
		return chan_nil(GRMON_CHAN_RECV, deadline_ns, site);
	return chan_operate(chan, element, false, deadline_ns, site);
}

CHAN_LEFT_BY_CANCEL int grmon_chan_send(struct grmon_chan *chan, const void *element)
{
	pthread_testcancel();
	return chan_send_at(chan, element, CHAN_NEVER, CHAN_SITE);
}

int grmon_chan_send_try(struct grmon_chan *chan, const void *element)
{
	return chan_send_at(chan, element, CHAN_TRY, CHAN_SITE);
}

CHAN_LEFT_BY_CANCEL int grmon_chan_send_until(struct grmon_chan *chan,
					      const void *element, int64_t deadline_ns)
{
	pthread_testcancel();
	return chan_send_at(chan, element, deadline_ns < 0 ? 0 : deadline_ns, CHAN_SITE);
}

CHAN_LEFT_BY_CANCEL int grmon_chan_recv(struct grmon_chan *chan, void *element)
{
	pthread_testcancel();
	return chan_recv_at(chan, element, CHAN_NEVER, CHAN_SITE);
}

int grmon_chan_recv_try(struct grmon_chan *chan, void *element)
{
	return chan_recv_at(chan, element, CHAN_TRY, CHAN_SITE);
}

CHAN_LEFT_BY_CANCEL int grmon_chan_recv_until(struct grmon_chan *chan, void *element,
					      int64_t deadline_ns)
{
	pthread_testcancel();
	return chan_recv_at(chan, element, deadline_ns < 0 ? 0 : deadline_ns, CHAN_SITE);
}

/* Claims all waiters of a queue and chains them through `next` in front of *woken. */
static struct chan_node *chan_close_queue(struct chan_queue *queue,
					  struct chan_node *woken)
{
	struct chan_node *node;

	while ((node = agent_chan_pop(queue))) {
		if (!node->send && node->element)
			memset(node->element, 0, node->chan->element_bytes);
		node->closed = true;
		node->next = woken;
		woken = node;
	}
	return woken;
}

int grmon_chan_close(struct grmon_chan *chan)
{
	struct chan_node *woken = NULL;

	if (!chan)
		return GRMON_EINVAL;
	chan_lock(chan);
	if (chan->closed) {
		chan_unlock(chan);
		return GRMON_ECLOSED;
	}
	chan->closed = true;
	woken = chan_close_queue(&chan->receivers, woken);
	woken = chan_close_queue(&chan->senders, woken);
	agent_chan_mirror(chan);
	chan_unlock(chan);
	while (woken) {
		struct chan_node *next = woken->next;

		chan_finish(woken->waiter);
		woken = next;
	}
	return GRMON_OK;
}

size_t grmon_chan_len(const struct grmon_chan *chan)
{
	return chan ? __atomic_load_n(&chan->length, __ATOMIC_RELAXED) : 0;
}

size_t grmon_chan_cap(const struct grmon_chan *chan)
{
	return chan ? chan->capacity : 0;
}
