/* SPDX-License-Identifier: MIT */
/*
 * The hot path: publishes what the calling task waits for, and withdraws it. Only writes
 * the caller's own slot, and makes no system call once the thread has a slot.
 */
#include "agent/attach.h"
#include "agent/region.h"

#include <signal.h>
#include <string.h>

#include "agent/raw.h"

static void wait_set(struct wire_slot *slot, uint32_t state, uint64_t since_ns,
		     uint64_t object, uint64_t call_site, int32_t fd)
{
	agent_store(&slot->state, state);
	agent_store(&slot->since_ns, since_ns);
	agent_store(&slot->object, object);
	agent_store(&slot->call_site, call_site);
	agent_store(&slot->fd, fd);
}

static void wait_count(struct wire_slot *slot, uint32_t state)
{
	agent_store(&slot->waits, slot->waits + 1);
	if (state - 1 < WIRE_WAIT_STATES)
		agent_store(&slot->counts[state - 1], slot->counts[state - 1] + 1);
}

/*
 * Handles a libc wait that is still published when a new one begins. Either a signal
 * handler runs inside the old wait, or the old wait was left with siglongjmp() and never
 * withdrawn. A handler on the same stack is below the frame that it interrupted; if the
 * new frame is at or above the old one, the old frame is gone. On an alternate stack
 * nothing can be concluded.
 */
static __attribute__((noinline, cold)) void wait_drop_stale(struct wire_slot *slot,
							    uintptr_t frame)
{
	stack_t alternate = {.ss_flags = SS_ONSTACK};

	if (frame < agent_tls.top || agent_filtered() ||
	    raw2(SYS_sigaltstack, NULL, &alternate) != 0 ||
	    (alternate.ss_flags & SS_ONSTACK) != 0)
		return;
	uint32_t odd = agent_seq_begin(&slot->seq);

	wait_set(slot, WIRE_STATE_RUNNING, 0, 0, 0, -1);
	agent_seq_end(&slot->seq, odd);
	agent_tls.top = 0;
}

static inline struct wire_slot *wait_slot(void)
{
	struct wire_slot *slot = agent_current();

	return AGENT_UNLIKELY(!slot) ? agent_attach() : slot;
}

/* Slot for a libc call. A child that makes only a few calls before it ends or calls
 * exec() gets no region for them. */
static inline struct wire_slot *wait_slot_libc(void)
{
	struct wire_slot *slot = agent_current();

	if (AGENT_UNLIKELY(!slot))
		return agent_region_worthwhile() ? agent_attach() : NULL;
	return slot;
}

static __attribute__((noinline)) void wait_save(struct agent_mark *mark,
						const struct wire_slot *slot)
{
	mark->saved = AGENT_SAVED_ALL;
	mark->api = (slot->flags & WIRE_SLOT_API) != 0;
	mark->what = slot->what[0];
	mark->state = slot->state;
	mark->since_ns = slot->since_ns;
	mark->object = slot->object;
	mark->call_site = slot->call_site;
	mark->fd = slot->fd;
	mark->outer = agent_tls.top;
}

/* A libc wait inside an API wait, which stays the outer one. */
static __attribute__((noinline)) void wait_inside(struct agent_mark *mark, uint32_t state,
						  uint64_t object, int32_t fd)
{
	struct wire_slot *slot = mark->slot;

	mark->saved = AGENT_SAVED_INNER;
	mark->state = slot->inner_state;
	mark->object = slot->inner_object;
	mark->fd = slot->inner_fd;

	uint32_t odd = agent_seq_begin(&slot->seq);

	agent_store(&slot->inner_state, state);
	agent_store(&slot->inner_object, object);
	agent_store(&slot->inner_fd, fd);
	agent_seq_end(&slot->seq, odd);
}

AGENT_HOT void agent_enter(struct agent_mark *mark, uint32_t state, uint64_t object,
			   int32_t fd, const void *call_site)
{
	struct wire_slot *slot = wait_slot_libc();

	mark->slot = NULL;
	/* Odd means that this is a signal handler inside this thread's own
	 * publication. */
	if (AGENT_UNLIKELY(!slot || (agent_load(&slot->seq) & 1) != 0))
		return;
	mark->slot = slot;
	mark->generation = agent_tls.generation;
	mark->saved = AGENT_SAVED_NONE;
	if (AGENT_UNLIKELY(slot->flags & WIRE_SLOT_API)) {
		wait_inside(mark, state, object, fd);
		return;
	}
	if (AGENT_UNLIKELY(agent_tls.top != 0))
		wait_drop_stale(slot, mark->frame);
	if (AGENT_UNLIKELY(agent_tls.top != 0 || slot->state != WIRE_STATE_RUNNING))
		wait_save(mark, slot);
	agent_tls.top = mark->frame;

	uint32_t odd = agent_seq_begin(&slot->seq);

	wait_set(slot, state, agent_clock_ns(CLOCK_MONOTONIC_COARSE), object,
		 (uint64_t)(uintptr_t)call_site, fd);
	wait_count(slot, state);
	agent_seq_end(&slot->seq, odd);
}

void agent_enter_api(struct agent_mark *mark, uint32_t state, uint64_t object,
		     const void *call_site)
{
	struct wire_slot *slot = wait_slot();

	mark->slot = NULL;
	if (AGENT_UNLIKELY(!slot || (agent_load(&slot->seq) & 1) != 0))
		return;
	wait_save(mark, slot);
	mark->slot = slot;
	mark->generation = agent_tls.generation;

	uint32_t odd = agent_seq_begin(&slot->seq);

	wait_set(slot, state, agent_clock_ns(CLOCK_MONOTONIC_COARSE), object,
		 (uint64_t)(uintptr_t)call_site, -1);
	wait_count(slot, state);
	agent_store(&slot->flags, slot->flags | WIRE_SLOT_API);
	/* Clears the text of the enclosing wait. Its first byte is restored later. */
	agent_store(&slot->what[0], 0);
	agent_seq_end(&slot->seq, odd);
}

static __attribute__((noinline)) void wait_restore(const struct agent_mark *mark,
						   struct wire_slot *slot)
{
	if (mark->saved == AGENT_SAVED_INNER) {
		agent_store(&slot->inner_state, mark->state);
		agent_store(&slot->inner_object, mark->object);
		agent_store(&slot->inner_fd, mark->fd);
		return;
	}
	wait_set(slot, mark->state, mark->since_ns, mark->object, mark->call_site,
		 mark->fd);
	agent_store(&slot->what[0], mark->what);
	agent_store(&slot->flags, mark->api ? slot->flags | WIRE_SLOT_API
					    : slot->flags & ~WIRE_SLOT_API);
	agent_tls.top = mark->outer;
}

AGENT_HOT void agent_leave(struct agent_mark *mark)
{
	struct wire_slot *slot = mark->slot;

	if (!slot || mark->generation != agent_load(agent.live))
		return;
	mark->slot = NULL;

	uint32_t odd = agent_seq_begin(&slot->seq);

	if (AGENT_UNLIKELY(mark->saved != AGENT_SAVED_NONE)) {
		wait_restore(mark, slot);
	} else {
		wait_set(slot, WIRE_STATE_RUNNING, 0, 0, 0, -1);
		/* Of an API wait inside this one that siglongjmp() left. */
		if (AGENT_UNLIKELY(slot->flags & WIRE_SLOT_API)) {
			agent_store(&slot->what[0], 0);
			agent_store(&slot->flags, slot->flags & ~WIRE_SLOT_API);
		}
		agent_tls.top = 0;
	}
	agent_seq_end(&slot->seq, odd);
}

int grmon_wait_begin(struct grmon_wait *mark, enum grmon_state state, const void *object,
		     const char *what)
{
	if (!mark)
		return GRMON_EINVAL;
	mark->slot = NULL;
	if (state <= GRMON_NONE || state > GRMON_STATE_LAST_WAIT)
		return GRMON_EINVAL;
	struct wire_slot *slot = wait_slot();

	if (!slot || (agent_load(&slot->seq) & 1) != 0)
		return GRMON_ENOSLOT;
	mark->since_ns = slot->since_ns;
	mark->object = slot->object;
	mark->call_site = slot->call_site;
	mark->state = slot->state;
	mark->fd = slot->fd;
	mark->flags = slot->flags & WIRE_SLOT_API;
	memcpy(mark->what, slot->what, sizeof(mark->what));
	mark->generation = agent_tls.generation;
	mark->slot = slot;

	uint32_t odd = agent_seq_begin(&slot->seq);

	wait_set(slot, state, agent_clock_ns(CLOCK_MONOTONIC_COARSE),
		 (uint64_t)(uintptr_t)object,
		 (uint64_t)(uintptr_t)__builtin_return_address(0), -1);
	wait_count(slot, state);
	agent_store(&slot->flags, slot->flags | WIRE_SLOT_API);
	agent_copy_text(slot->what, what, sizeof(slot->what));
	agent_seq_end(&slot->seq, odd);
	return GRMON_OK;
}

void grmon_wait_end(struct grmon_wait *mark)
{
	struct wire_slot *slot = mark ? mark->slot : NULL;

	if (!slot || mark->generation != agent_load(agent.live))
		return;
	mark->slot = NULL;

	uint32_t odd = agent_seq_begin(&slot->seq);

	wait_set(slot, mark->state, mark->since_ns, mark->object, mark->call_site,
		 mark->fd);
	agent_store(&slot->flags, (slot->flags & ~WIRE_SLOT_API) | mark->flags);
	memcpy(slot->what, mark->what, sizeof(slot->what));
	agent_seq_end(&slot->seq, odd);
}
