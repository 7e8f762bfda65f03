/* SPDX-License-Identifier: MIT */
/* Waiters are counted among the goroutines of this sample, not by walking the runtime's
 * own queues, which change and may be long. */
#include "source/go/queue.h"

#include <stdlib.h>

#include "base/ahead.h"
#include "base/array.h"
#include "base/hash.h"
#include "base/huge.h"

#define SLOTS_FIRST  256u
#define QUEUES_MAX   (1u << 23)
#define OBJECT_BYTES 96u /* of a hchan, including both of its queues */
#define AT_ONCE      4096u
#define IDLE_LEAST   1024u /* objects without waiters that are kept in any case */

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
	free(queues->fresh);
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
	queues->nr = queues->nr_idle = queues->nr_fresh = 0;
	queues->changes = false;
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

static bool is_idle(const struct go_queue *queue)
{
	return queue->senders == 0 && queue->receivers == 0 && queue->others == 0;
}

const struct go_queue *go_queues_get(const struct go_queues *queues, uint64_t address)
{
	static const struct go_queue none;
	const struct go_queue *queue =
		queues->nr ? &queues->list[*slot_of(queues, address)] : &none;

	return is_idle(queue) ? &none : queue;
}

/* Returns NULL if there is no room. */
static struct go_queue *add_queue(struct go_queues *queues, uint64_t address)
{
	uint32_t *slot = slot_of(queues, address);
	struct go_queue *queue = &queues->list[*slot];

	if (*slot != 0) {
		if (is_idle(queue)) {
			*queue = (struct go_queue){.address = address};
			queues->nr_idle--;
		}
		return queue;
	}
	if (queues->nr >= queues->cap_list || queues->nr >= queues->cap_slots / 4 * 3)
		return NULL;
	*slot = (uint32_t)queues->nr++;
	queue = &queues->list[*slot];
	*queue = (struct go_queue){.address = address};
	return queue;
}

/* Returns false if there is no memory; then all are read. */
static bool make_fresh(struct go_queues *queues, struct go_queue *queue)
{
	if (queue->fresh || queues->all)
		return true;
	if (!array_reserve(&queues->fresh, &queues->cap_fresh, queues->nr_fresh + 1))
		return false;
	queue->fresh = true;
	queues->fresh[queues->nr_fresh++] = (uint32_t)(queue - queues->list);
	return true;
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
	    entry->sleeps || entry->reason->object == GO_OBJECT_FD)
		return 0;
	return go_entry_more(entry)->chans ? go_entry_more(entry)->chans->nr : 1;
}

/* The count of waiters of this kind. */
static uint32_t *waiters_of(struct go_queue *queue, enum task_state state)
{
	return state == STATE_CHAN_SEND   ? &queue->senders
	       : state == STATE_CHAN_RECV ? &queue->receivers
					  : &queue->others;
}

/* Returns false if there is no room. */
static bool count_entry(struct go_queues *queues, struct go_entry *entry)
{
	const struct go_chans *chans = go_entry_more(entry)->chans;
	size_t nr = count_objects(entry);

	entry->counted = nr > 0;
	if (entry->counted)
		entry->queue = 0;
	for (size_t i = 0; i < nr; i++) {
		uint64_t address = chans ? chans->list[i] : go_queue_address(entry);
		struct go_queue *queue;

		if (!address)
			continue;
		queue = add_queue(queues, address);
		if (!queue || !make_fresh(queues, queue))
			return false;
		if (i == 0)
			entry->queue = (uint32_t)(queue - queues->list);
		queue->kind = (uint8_t)kind_of(entry);
		queues->changes |=
			queue->kind != GO_QUEUE_CHAN && queue->kind != GO_QUEUE_OTHER;
		++*waiters_of(queue, entry->state);
	}
	return true;
}

static bool leave_queue(struct go_queues *queues, struct go_queue *queue,
			enum task_state state)
{
	uint32_t *waiters = waiters_of(queue, state);

	if (queue->address == 0 || *waiters == 0)
		return true;
	--*waiters;
	queues->nr_idle += is_idle(queue);
	return make_fresh(queues, queue);
}

static bool leave(struct go_queues *queues, const struct go_left *left)
{
	bool room = true;

	if (!left->chans)
		return leave_queue(queues, &queues->list[left->queue], left->state);
	for (size_t i = 0; i < left->chans->nr && room; i++)
		room = !left->chans->list[i] ||
		       leave_queue(queues,
				   &queues->list[*slot_of(queues, left->chans->list[i])],
				   left->state);
	return room;
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

/* Reads the objects with these indexes, at most AT_ONCE. */
static void read_some(struct go_queues *queues, struct go_sampler *sampler,
		      const uint32_t *indexes, size_t nr)
{
	size_t wanted = 0;

	for (size_t i = 0; i < nr; i++) {
		struct go_queue *queue = &queues->list[indexes[i]];

		queue->fresh = false;
		if (queue->kind != GO_QUEUE_OTHER && !is_idle(queue))
			queues->items[wanted++] =
				(struct memory_item){queue->address, (uint32_t)i, false};
	}
	memory_gather_read(sampler->mem, &sampler->gather, queues->items, wanted,
			   queues->bytes, OBJECT_BYTES);
	for (size_t i = 0; i < wanted; i++) {
		size_t index = queues->items[i].index;
		struct go_queue *queue = &queues->list[indexes[index]];

		queue->known = false;
		if (queues->items[i].ok)
			take_object(queue, queues->bytes + index * OBJECT_BYTES,
				    sampler->layout->chan_recvq);
		/* It was perhaps read while it changed. */
		queues->changes |= !queue->known;
	}
}

static bool must_read(const struct go_queues *queues, const struct go_queue *queue)
{
	return queues->all || queue->fresh || !queue->known ||
	       queue->kind != GO_QUEUE_CHAN;
}

static void read_objects(struct go_queues *queues, struct go_sampler *sampler)
{
	uint32_t indexes[AT_ONCE];
	size_t nr = 0;

	if (!queues->all && !queues->changes) {
		for (size_t at = 0; at < queues->nr_fresh; at += AT_ONCE)
			read_some(queues, sampler, queues->fresh + at,
				  queues->nr_fresh - at < AT_ONCE ? queues->nr_fresh - at
								  : AT_ONCE);
		return;
	}
	for (size_t at = 1; at < queues->nr; at++) {
		if (must_read(queues, &queues->list[at]))
			indexes[nr++] = (uint32_t)at;
		if (nr == AT_ONCE || at + 1 == queues->nr) {
			read_some(queues, sampler, indexes, nr);
			nr = 0;
		}
	}
}

/* Counts only what has moved. Returns false if all must be counted. */
static bool count_moves(struct go_queues *queues, struct go_sampler *sampler)
{
	const struct go_moves *moves = &sampler->moves;

	if (moves->many || queues->nr == 0 ||
	    queues->nr_idle > queues->nr / 2 + IDLE_LEAST)
		return false;
	for (size_t i = 0; i < moves->nr_left; i++)
		if (!leave(queues, &moves->left[i]))
			return false;
	for (size_t i = 0; i < moves->nr_came; i++) {
		struct go_entry *entry = &sampler->entries[moves->came[i]];

		/* It may have come and ended, or come twice. */
		if (!entry->counted && !count_entry(queues, entry))
			return false;
	}
	return true;
}

/* Has the processor bring where the object of a goroutine that comes later is looked up. */
static void bring_slot(const struct go_queues *queues, const struct go_sampler *sampler,
		       size_t at)
{
	const struct go_entry *entry = &sampler->entries[at + AHEAD_ELEMENTS];

	ahead_bring(sampler->entries, sizeof(*entry), at + AHEAD_ELEMENTS,
		    sampler->nr_entries, sizeof(*entry));
	if (at + AHEAD_ELEMENTS < sampler->nr_entries && entry->live && entry->reason)
		__builtin_prefetch(
			&queues->slots[hash_mix(go_queue_address(entry), queues->seed) &
				       (queues->cap_slots - 1)]);
}

static bool count_all(struct go_queues *queues, struct go_sampler *sampler)
{
	size_t count = 0;

	for (size_t i = 0; i < sampler->nr_entries; i++)
		count += count_objects(&sampler->entries[i]);
	if (count > QUEUES_MAX || !reserve_queues(queues, count))
		return false;
	queues->all = true;
	for (size_t i = 0; i < sampler->nr_entries; i++) {
		bring_slot(queues, sampler, i);
		if (!count_entry(queues, &sampler->entries[i]))
			return false;
	}
	return true;
}

bool go_queues_read(struct go_queues *queues, struct go_sampler *sampler)
{
	bool counted;

	queues->all = false;
	queues->nr_fresh = 0;
	queues->last = NULL;
	for (size_t i = 0; i < GO_QUEUE_TEXTS; i++)
		queues->texts[i].text = NULL;
	counted = count_moves(queues, sampler) || count_all(queues, sampler);
	go_sampler_counted(sampler);
	if (!counted) {
		queues->nr = 0;
		return false;
	}
	read_objects(queues, sampler);
	return true;
}
