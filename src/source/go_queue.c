/* SPDX-License-Identifier: MIT */
/* Waiters are counted among the goroutines of this look, never by walking the runtime's
 * own queues: those change, and may be long. */
#include "source/go_queue.h"

#include <stdlib.h>

#include "base/hash.h"

#define SLOTS_FIRST  256u
#define QUEUES_MAX   (1u << 23)
#define HCHAN_BYTES  32u
#define AT_ONCE      4096u
#define SELECT_SHOWN 4u
#define TEXT_MAX     240u

bool go_queues_init(struct go_queues *queues)
{
	memset(queues, 0, sizeof(*queues));
	queues->items = malloc(AT_ONCE * sizeof(*queues->items));
	queues->bytes = malloc((size_t)AT_ONCE * HCHAN_BYTES);
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

/* Room for so many, all forgotten. */
static bool reserve(struct go_queues *queues, size_t count)
{
	size_t slots = SLOTS_FIRST;

	while (slots < count + count / 2)
		slots *= 2;
	if (slots > queues->cap_slots) {
		free(queues->slots);
		queues->slots = malloc(slots * sizeof(*queues->slots));
		queues->cap_slots = queues->slots ? slots : 0;
	}
	if (count + 1 > queues->cap_list) {
		free(queues->list);
		queues->cap_list = count + count / 8 + 64;
		queues->list = malloc(queues->cap_list * sizeof(*queues->list));
		if (!queues->list)
			queues->cap_list = 0;
	}
	queues->nr = 0;
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

/* The one of that address; where there is none, the empty one. */
static struct go_queue *find(struct go_queues *queues, uint64_t address)
{
	static struct go_queue none;

	return queues->nr ? &queues->list[*slot_of(queues, address)] : &none;
}

static struct go_queue *add(struct go_queues *queues, uint64_t address)
{
	uint32_t *slot = slot_of(queues, address);

	if (*slot == 0) {
		*slot = (uint32_t)queues->nr++;
		queues->list[*slot] = (struct go_queue){.address = address};
	}
	return &queues->list[*slot];
}

/* What the semaphore belongs to: sync/mutex.go, rwmutex.go, waitgroup.go. */
static uint64_t object_address(const struct go_entry *entry)
{
	uint64_t address = entry->object;
	enum task_state base = entry->reason->state;

	switch (entry->state) {
	case STATE_MUTEX:
		return address - 4;
	case STATE_WAITGROUP:
	case STATE_RWLOCK_WRITE:
		/* A writer first waits for the mutex inside, then for the readers. */
		return base == STATE_MUTEX ? address - 4 : address - 8;
	case STATE_RWLOCK_READ:
		return address - 12;
	case STATE_COND: /* 1.26 on; the list comes after the Locker */
		return address - 16;
	default:
		return address;
	}
}

static bool is_chan_wait(const struct go_entry *entry)
{
	return entry->reason && (entry->reason->object == GO_OBJECT_CHAN ||
				 entry->reason->object == GO_OBJECT_SELECT);
}

static size_t references(const struct go_entry *entry)
{
	if (!entry->live || entry->system || !entry->reason || !entry->object ||
	    entry->reason->object == GO_OBJECT_FD)
		return 0;
	return entry->nr_chans > 0 ? entry->nr_chans : 1;
}

static void count_entry(struct go_queues *queues, const struct go_entry *entry)
{
	size_t nr = references(entry);

	for (size_t i = 0; i < nr; i++) {
		uint64_t address = entry->chans ? entry->chans[i] : entry->object;
		bool chan = is_chan_wait(entry);
		struct go_queue *queue;

		if (!address)
			continue;
		queue = add(queues, chan ? address : object_address(entry));
		queue->chan = chan;
		if (entry->state == STATE_CHAN_SEND)
			queue->senders++;
		else if (entry->state == STATE_CHAN_RECV)
			queue->receivers++;
		else
			queue->others++;
	}
}

static void take_chan(struct go_queue *queue, const uint8_t *chan)
{
	uint64_t length = go_u64(chan), capacity = go_u64(chan + 8);
	uint32_t closed = go_u32(chan + 28);

	/* The read is not atomic, but a length is never above the capacity. */
	queue->known = length <= capacity && closed <= 1;
	queue->length = length < UINT32_MAX ? (uint32_t)length : UINT32_MAX;
	queue->capacity = capacity < UINT32_MAX ? (uint32_t)capacity : UINT32_MAX;
	queue->closed = closed == 1;
}

static void read_chans(struct go_queues *queues, struct go_sampler *sampler)
{
	for (size_t at = 1; at < queues->nr;) {
		size_t nr = 0, first = at;

		for (; at < queues->nr && at - first < AT_ONCE; at++)
			if (queues->list[at].chan)
				queues->items[nr++] =
					(struct go_item){queues->list[at].address,
							 (uint32_t)(at - first), false};
		go_gather_read(sampler->mem, &sampler->gather, queues->items, nr,
			       queues->bytes, HCHAN_BYTES);
		for (size_t i = 0; i < nr; i++) {
			size_t index = queues->items[i].index;

			if (queues->items[i].ok)
				take_chan(&queues->list[first + index],
					  queues->bytes + index * HCHAN_BYTES);
		}
	}
}

bool go_queues_read(struct go_queues *queues, struct go_sampler *sampler)
{
	size_t count = 0;

	for (size_t i = 0; i < sampler->nr_entries; i++)
		count += references(&sampler->entries[i]);
	if (count > QUEUES_MAX || !reserve(queues, count)) {
		queues->nr = 0;
		return false;
	}
	for (size_t i = 0; i < sampler->nr_entries; i++)
		count_entry(queues, &sampler->entries[i]);
	read_chans(queues, sampler);
	return true;
}

/* Numbers by hand: there may be a hundred thousand texts per look. */
struct text {
	char bytes[TEXT_MAX];
	size_t used;
};

static void put(struct text *text, const char *more)
{
	while (*more && text->used < sizeof(text->bytes) - 1)
		text->bytes[text->used++] = *more++;
}

static void put_number(struct text *text, uint64_t value, unsigned base)
{
	char digits[24];
	size_t at = sizeof(digits) - 1;

	digits[at] = '\0';
	do
		digits[--at] = "0123456789abcdef"[value % base];
	while ((value /= base) > 0);
	put(text, digits + at);
}

static void put_count(struct text *text, uint64_t count, const char *one,
		      const char *many)
{
	if (count == 0)
		return;
	put(text, ", ");
	put_number(text, count, 10);
	put(text, count == 1 ? one : many);
}

static void put_chan(struct text *text, const struct go_queue *queue)
{
	put(text, "cap ");
	put_number(text, queue->capacity, 10);
	if (queue->capacity > 0) {
		put(text, ", len ");
		put_number(text, queue->length, 10);
	}
}

static const char *keep(const struct text *text, struct snapshot *out)
{
	const char *copy = arena_strndup(&out->arena, text->bytes, text->used);

	return copy ? copy : "";
}

static const char *object_name(const struct go_entry *entry)
{
	switch (entry->state) {
	case STATE_MUTEX:
		return "mutex";
	case STATE_RWLOCK_READ:
	case STATE_RWLOCK_WRITE:
		return "rwlock";
	case STATE_WAITGROUP:
		return "waitgroup";
	case STATE_COND:
		return "cond";
	default:
		return "semaphore";
	}
}

static const char *queue_text(struct go_queue *queue, const char *name,
			      struct snapshot *out)
{
	struct text text = {.used = 0};

	if (queue->text)
		return queue->text;
	put(&text, name);
	if (queue->known) {
		put(&text, " ");
		put_chan(&text, queue);
	}
	put_count(&text, queue->senders, " sender", " senders");
	put_count(&text, queue->receivers, " receiver", " receivers");
	if (queue->chan)
		put_count(&text, queue->others, " select", " selects");
	else
		put_count(&text, queue->others, " waiter", " waiters");
	if (queue->closed)
		put(&text, ", closed");
	queue->text = keep(&text, out);
	return queue->text;
}

static const char *select_text(struct go_queues *queues, const struct go_entry *entry,
			       struct snapshot *out)
{
	struct text text = {.used = 0};

	put_number(&text, entry->nr_chans, 10);
	put(&text, entry->nr_chans == GO_CHANS_MAX ? " or more chans:" : " chans:");
	for (size_t i = 0; i < entry->nr_chans && i < SELECT_SHOWN; i++) {
		const struct go_queue *queue = find(queues, entry->chans[i]);

		put(&text, i ? "; 0x" : " 0x");
		put_number(&text, entry->chans[i], 16);
		if (queue->address && queue->known) {
			put(&text, " ");
			put_chan(&text, queue);
		}
	}
	if (entry->nr_chans > SELECT_SHOWN)
		put(&text, "; …");
	return keep(&text, out);
}

static void explain_chan(struct go_queues *queues, const struct go_entry *entry,
			 struct snapshot *out, struct waits_on *waits)
{
	struct go_queue *queue;

	waits->kind = "channel";
	waits->address = entry->object;
	if (entry->object == 0 || queues->nr == 0) {
		waits->text = strstr(entry->reason->text, "nil chan") ? "nil channel"
			      : entry->state == STATE_SELECT          ? "no channel"
								      : "channel";
		return;
	}
	queue = find(queues, entry->object);
	waits->text = entry->chans     ? select_text(queues, entry, out)
		      : queue->address ? queue_text(queue, "chan", out)
				       : "chan";
}

void go_queues_explain(struct go_queues *queues, const struct go_entry *entry,
		       struct snapshot *out, struct waits_on *waits)
{
	enum task_state state = entry->state;
	struct go_queue *queue;

	if (!entry->reason)
		return;
	if (state == STATE_CHAN_SEND || state == STATE_CHAN_RECV ||
	    state == STATE_SELECT) {
		explain_chan(queues, entry, out, waits);
	} else if (entry->reason->object == GO_OBJECT_LOCK) {
		waits->kind = object_name(entry);
		waits->text = waits->kind;
		if (entry->object == 0 || queues->nr == 0)
			return;
		waits->address = object_address(entry);
		queue = find(queues, waits->address);
		if (queue->address)
			waits->text = queue_text(queue, waits->kind, out);
	}
}
