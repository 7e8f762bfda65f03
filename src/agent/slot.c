/* SPDX-License-Identifier: MIT */
/*
 * Lock-free pools of slots and channel records, and the recovery of slots whose threads
 * ended without returning them. All functions are async-signal-safe.
 */
#include "agent/slot.h"

#include <errno.h>
#include <string.h>

#include "agent/raw.h"
#include "agent/region.h"

/* Number of slots that one recovery attempt checks. */
#define RECLAIM_BATCH 64u

/* A fork need not clear the links, because only those in the list are read. */
static inline uint32_t *slot_link(uint32_t index)
{
	return &(agent.start - index)->next;
}

static inline uint32_t *chan_link(uint32_t index)
{
	return &agent.next_chan[index];
}

static inline uint32_t pool_take(struct agent_pool *pool, uint32_t *link(uint32_t),
				 uint32_t count)
{
	uint64_t head = __atomic_load_n(&pool->head, __ATOMIC_ACQUIRE);

	while ((uint32_t)head != 0) {
		uint32_t index = (uint32_t)head - 1;
		uint64_t after = ((head >> 32) + 1) << 32 | agent_load(link(index));

		if (__atomic_compare_exchange_n(&pool->head, &head, after, false,
						__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
			return index;
	}
	uint32_t used = agent_load(&pool->used);

	while (used < count)
		if (__atomic_compare_exchange_n(&pool->used, &used, used + 1, false,
						__ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			return used;
	return AGENT_NO_INDEX;
}

static inline void pool_give(struct agent_pool *pool, uint32_t *link(uint32_t),
			     uint32_t index)
{
	uint64_t head = __atomic_load_n(&pool->head, __ATOMIC_ACQUIRE);
	uint64_t after;

	do {
		agent_store(link(index), (uint32_t)head);
		after = ((head >> 32) + 1) << 32 | (index + 1);
	} while (!__atomic_compare_exchange_n(&pool->head, &head, after, false,
					      __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
}

/* Raises the high-water mark, up to which the client scans. */
static void slot_raise(uint32_t *mark, uint32_t at_least)
{
	uint32_t now = agent_load(mark);

	while (now < at_least &&
	       !__atomic_compare_exchange_n(mark, &now, at_least, false, __ATOMIC_RELEASE,
					    __ATOMIC_RELAXED))
		;
}

/* Readers ignore the slot until agent_slot_show(), which changes seq. */
static inline void slot_clear(struct wire_slot *slot)
{
	size_t bytes = sizeof(*slot) - sizeof(slot->seq);

	/* Hides the size: libc's function is faster than what gcc makes of it. */
	__asm__("" : "+r"(bytes));
	memset((char *)slot + sizeof(slot->seq), 0, bytes);
	slot->fd = -1;
}

/* Recovers the slots of threads that ended through a raw SYS_exit, that libc created
 * itself, or whose destructor was never called. */
void agent_slot_reclaim(uint32_t batch)
{
	uint32_t count = agent_load(&agent.header->nr_slots_used);

	if (agent_filtered() || count == 0)
		return;
	if (batch > count)
		batch = count;
	long pid = raw0(SYS_getpid);

	/* A child of vfork() shares this memory but has none of the threads, so all of
	 * them would seem to have ended. */
	if (pid != agent.header->pid)
		return;
	uint32_t from = __atomic_fetch_add(&agent.control->reclaim_cursor, batch,
					   __ATOMIC_RELAXED);

	for (uint32_t i = 0; i < batch; i++) {
		struct wire_slot *slot = &agent.slots[(from + i) % count];
		int32_t tid = agent_load(&slot->tid);

		if (agent_load(&slot->kind) != WIRE_THREAD || tid <= 0 ||
		    raw3(SYS_tgkill, pid, tid, 0) != -ESRCH)
			continue;
		/* The thread that replaces the tid owns the slot. */
		if (__atomic_compare_exchange_n(&slot->tid, &tid, -1, false,
						__ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			agent_slot_free(slot);
	}
}

AGENT_HOT struct wire_slot *agent_slot_take(void)
{
	struct agent_control *control = agent.control;
	uint32_t count = agent.layout.nr_slots;
	uint32_t index, tries = 0;

	while ((index = pool_take(&control->slots, slot_link, count)) == AGENT_NO_INDEX) {
		if (tries++ > 0)
			return NULL;
		agent_slot_reclaim(RECLAIM_BATCH);
	}
	struct wire_slot *slot = &agent.slots[index];

	slot_clear(slot);
	slot->serial = __atomic_add_fetch(&control->last_serial, 1, __ATOMIC_RELAXED);
	return slot;
}

AGENT_HOT void agent_slot_show(struct wire_slot *slot, uint32_t kind, int32_t tid,
			       const char *name)
{
	uint32_t odd = agent_seq_begin(&slot->seq);

	slot->state = WIRE_STATE_RUNNING;
	slot->start_ns = agent_clock_ns(CLOCK_MONOTONIC_COARSE);
	agent_store(&slot->kind, kind);
	agent_store(&slot->tid, tid);
	if (name) {
		agent_copy_text(slot->name, name, sizeof(slot->name));
		slot->flags |= WIRE_SLOT_NAMED;
	}
	agent_seq_end(&slot->seq, odd);
	slot_raise(&agent.header->nr_slots_used, agent_slot_index(slot) + 1);
	__atomic_fetch_add(&agent.header->tasks_begun, 1, __ATOMIC_RELAXED);
}

static __attribute__((noinline)) void slot_clear_labels(const struct wire_slot *slot)
{
	struct wire_labels *labels = &agent.labels[agent_slot_index(slot)];
	uint32_t odd = agent_seq_begin(&labels->seq);

	agent_store(&labels->used, 0);
	agent_seq_end(&labels->seq, odd);
}

/* The rest of the record means nothing from then on, and is cleared for the next task. */
AGENT_HOT void agent_slot_free(struct wire_slot *slot)
{
	if (AGENT_UNLIKELY(slot->flags & WIRE_SLOT_LABELS))
		slot_clear_labels(slot);

	uint32_t odd = agent_seq_begin(&slot->seq);

	agent_store(&slot->state, 0);
	agent_store(&slot->flags, 0);
	agent_store(&slot->serial, 0);
	agent_store(&slot->kind, WIRE_FREE);
	agent_store(&slot->tid, 0);
	agent_seq_end(&slot->seq, odd);
	pool_give(&agent.control->slots, slot_link, agent_slot_index(slot));
}

struct wire_chan *agent_chan_acquire(uint32_t *generation)
{
	*generation = 0;
	if (!agent_region_ready())
		return NULL;
	struct agent_control *control = agent.control;
	uint32_t mine = agent_load(agent.live);
	uint32_t index = pool_take(&control->chans, chan_link, agent.layout.nr_chans);

	if (index == AGENT_NO_INDEX) {
		__atomic_fetch_add(&agent.header->dropped_chans, 1, __ATOMIC_RELAXED);
		return NULL;
	}
	struct wire_chan *record = &agent.chans[index];

	memset(record, 0, sizeof(*record));
	slot_raise(&agent.header->nr_chans_used, index + 1);
	*generation = mine;
	/* A record of zeros reads as free. Storing the id makes the client show it. */
	__atomic_store_n(&record->id,
			 __atomic_add_fetch(&control->last_chan_id, 1, __ATOMIC_RELAXED),
			 __ATOMIC_RELEASE);
	return record;
}

void agent_chan_release(struct wire_chan *record, uint32_t generation)
{
	if (!record || !agent_region_mine(generation))
		return;
	__atomic_store_n(&record->id, 0, __ATOMIC_RELEASE);
	pool_give(&agent.control->chans, chan_link, (uint32_t)(record - agent.chans));
}
