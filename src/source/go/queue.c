/* SPDX-License-Identifier: MIT */
/* Waiters are counted among the goroutines of this sample, not by walking the runtime's
 * own queues, which change and may be long. */
#include "source/go/queue.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/huge.h"

#define SLOTS_FIRST  256u
#define QUEUES_MAX   (1u << 23)
#define OBJECT_BYTES 96u /* of a hchan, including both of its queues */
#define AT_ONCE      4096u

bool go_queues_init(struct go_queues *queues)
{
	memset(queues, 0, sizeof(*queues));
	queues->items = malloc(AT_ONCE * sizeof(*queues->items));
	queues->bytes = malloc((size_t)AT_ONCE * OBJECT_BYTES);
	queues->seed = hash_seed();
	return queues->items && queues->bytes;
}

void go_queues_release(struct go_queues *queues)
{
	free(queues->list);
	free(queues->slots);
	free(queues->items);
	free(queues->bytes);
	memset(queues, 0, sizeof(*queues));
}

/* Makes room for count objects and empties the list. */
static bool reserve_queues(struct go_queues *queues, size_t count)
{
	size_t slots = SLOTS_FIRST;

	while (slots < count + count / 2)
		slots *= 2;
	if (slots > queues->cap_slots) {
		free(queues->slots);
		queues->slots = malloc(slots * sizeof(*queues->slots));
		queues->cap_slots = queues->slots ? slots : 0;
		huge_hint(queues->slots, queues->cap_slots * sizeof(*queues->slots));
	}
	if (count + 1 > queues->cap_list) {
		free(queues->list);
		queues->cap_list = count + count / 8 + 64;
		queues->list = malloc(queues->cap_list * sizeof(*queues->list));
		if (!queues->list)
			queues->cap_list = 0;
		huge_hint(queues->list, queues->cap_list * sizeof(*queues->list));
	}
	queues->nr = 0;
	queues->last = NULL;
	if (!queues->slots || !queues->list)
		return false;
	memset(queues->slots, 0, queues->cap_slots * sizeof(*queues->slots));
	queues->list[queues->nr++] = (struct go_queue){0};
	return true;
}

static uint32_t *slot_of(const struct go_queues *queues, uint64_t address)
{
	size_t at = hash_mix(address, queues->seed) & (queues->cap_slots - 1);

	while (queues->slots[at] && queues->list[queues->slots[at]].address != address)
		at = (at + 1) & (queues->cap_slots - 1);
	return &queues->slots[at];
}

struct go_queue *go_queues_get(struct go_queues *queues, uint64_t address)
{
	static struct go_queue none;

	return queues->nr ? &queues->list[*slot_of(queues, address)] : &none;
}

static struct go_queue *add_queue(struct go_queues *queues, uint64_t address)
{
	uint32_t *slot = slot_of(queues, address);

	if (*slot == 0) {
		*slot = (uint32_t)queues->nr++;
		queues->list[*slot] = (struct go_queue){.address = address};
	}
	return &queues->list[*slot];
}

static bool is_chan_wait(const struct go_entry *entry)
{
	return entry->reason && (entry->reason->object == GO_OBJECT_CHAN ||
				 entry->reason->object == GO_OBJECT_SELECT);
}

/* Finds the object that contains the semaphore: sync/mutex.go, rwmutex.go,
 * waitgroup.go. */
uint64_t go_queue_address(const struct go_entry *entry)
{
	uint64_t address = entry->object;
	enum task_state base = entry->reason->state;

	if (is_chan_wait(entry))
		return address;
	switch (entry->state) {
	case STATE_MUTEX:
		return address - 4;
	case STATE_WAITGROUP:
		/* Before Go 1.18 the semaphore comes first if the words are not aligned
		 * to 8. */
		return address & 7 ? address : address - 8;
	case STATE_RWLOCK_WRITE:
		/* A writer first waits for the inner mutex, then for the readers. */
		return base == STATE_MUTEX ? address - 4 : address - 8;
	case STATE_RWLOCK_READ:
		return address - 12;
	case STATE_COND: /* the list follows the Locker */
		return address - 16;
	default:
		return address;
	}
}

static enum go_queue_kind kind_of(const struct go_entry *entry)
{
	if (is_chan_wait(entry))
		return GO_QUEUE_CHAN;
	switch (entry->state) {
	case STATE_MUTEX:
		return GO_QUEUE_MUTEX;
	case STATE_RWLOCK_READ:
	case STATE_RWLOCK_WRITE:
		return GO_QUEUE_RWLOCK;
	case STATE_WAITGROUP:
		return GO_QUEUE_WAITGROUP;
	default:
		return GO_QUEUE_OTHER;
	}
}

static size_t count_objects(const struct go_entry *entry)
{
	if (!entry->live || entry->system || !entry->reason || !entry->object ||
	    entry->reason->object == GO_OBJECT_FD)
		return 0;
	return entry->nr_chans > 0 ? entry->nr_chans : 1;
}

static void count_entry(struct go_queues *queues, struct go_entry *entry)
{
	size_t nr = count_objects(entry);

	entry->queue = 0;

	for (size_t i = 0; i < nr; i++) {
		uint64_t address =
			entry->chans ? entry->chans[i] : go_queue_address(entry);
		struct go_queue *queue;

		if (!address)
			continue;
		queue = add_queue(queues, address);
		if (i == 0)
			entry->queue = (uint32_t)(queue - queues->list);
		queue->kind = (uint8_t)kind_of(entry);
		if (entry->state == STATE_CHAN_SEND)
			queue->senders++;
		else if (entry->state == STATE_CHAN_RECV)
			queue->receivers++;
		else
			queue->others++;
	}
}

static void take_chan(struct go_queue *queue, const uint8_t *chan, unsigned recvq)
{
	uint64_t length = load_u64(chan), capacity = load_u64(chan + 8);
	uint32_t closed = load_u32(chan + 28);

	/* The read is not atomic, but the length never exceeds the capacity. */
	queue->known = length <= capacity && closed <= 1;
	queue->length = length < UINT32_MAX ? (uint32_t)length : UINT32_MAX;
	queue->capacity = capacity < UINT32_MAX ? (uint32_t)capacity : UINT32_MAX;
	queue->closed = closed == 1;
	queue->element_bytes = (uint16_t)load_u32(chan + 24);
	queue->recv_queue = load_u64(chan + recvq) != 0;
	queue->send_queue = load_u64(chan + recvq + 16) != 0;
}

/* sync/mutex.go: locked 1, woken 2, starving 4, then the number of waiters. */
static void take_mutex(struct go_queue *queue, const uint8_t *words)
{
	uint32_t state = load_u32(words);

	queue->known = state >> 3 < 1u << 28;
	queue->held = state & 1;
	queue->starves = state & 4;
}

/* sync/rwmutex.go: a mutex, two semaphores, the number of readers (minus 1 << 30 once
 * there is a writer), and the number of readers that this writer waits for. */
static void take_rwlock(struct go_queue *queue, const uint8_t *words)
{
	int32_t readers = (int32_t)load_u32(words + 16);
	int32_t left = (int32_t)load_u32(words + 20);

	queue->writer = readers < 0;
	queue->known = left >= 0 && left < 1 << 30 && readers >= -(1 << 30);
	queue->held = queue->writer && left == 0;
	queue->length = (uint32_t)(queue->writer ? left : readers);
}

/* sync/waitgroup.go: the counter in the upper half, the number of waiters in the
 * lower. */
static void take_waitgroup(struct go_queue *queue, const uint8_t *words)
{
	uint64_t state = load_u64(words + (queue->address & 7 ? 4 : 0));

	queue->known = state >> 63 == 0 && (state & INT32_MAX) > 0;
	queue->length = (uint32_t)(state >> 32);
}

static void take_object(struct go_queue *queue, const uint8_t *bytes, unsigned recvq)
{
	switch ((enum go_queue_kind)queue->kind) {
	case GO_QUEUE_CHAN:
		take_chan(queue, bytes, recvq);
		break;
	case GO_QUEUE_MUTEX:
		take_mutex(queue, bytes);
		break;
	case GO_QUEUE_RWLOCK:
		take_rwlock(queue, bytes);
		break;
	case GO_QUEUE_WAITGROUP:
		take_waitgroup(queue, bytes);
		break;
	case GO_QUEUE_OTHER:
		break;
	}
}

static void read_objects(struct go_queues *queues, struct go_sampler *sampler)
{
	for (size_t at = 1; at < queues->nr;) {
		size_t nr = 0, first = at;

		for (; at < queues->nr && at - first < AT_ONCE; at++)
			if (queues->list[at].kind != GO_QUEUE_OTHER)
				queues->items[nr++] = (struct memory_item){
					queues->list[at].address, (uint32_t)(at - first),
					false};
		memory_gather_read(sampler->mem, &sampler->gather, queues->items, nr,
				   queues->bytes, OBJECT_BYTES);
		for (size_t i = 0; i < nr; i++) {
			size_t index = queues->items[i].index;

			if (queues->items[i].ok)
				take_object(&queues->list[first + index],
					    queues->bytes + index * OBJECT_BYTES,
					    sampler->layout->chan_recvq);
		}
	}
}

bool go_queues_read(struct go_queues *queues, struct go_sampler *sampler)
{
	size_t count = 0;

	for (size_t i = 0; i < sampler->nr_entries; i++)
		count += count_objects(&sampler->entries[i]);
	if (count > QUEUES_MAX || !reserve_queues(queues, count)) {
		queues->nr = 0;
		return false;
	}
	for (size_t i = 0; i < sampler->nr_entries; i++)
		count_entry(queues, &sampler->entries[i]);
	read_objects(queues, sampler);
	return true;
}
