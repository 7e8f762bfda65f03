/* SPDX-License-Identifier: MIT */
/*
 * The calling thread's slot: either the one that its creator reserved, or one that the
 * thread takes at its first wait.
 */
#include "agent/attach.h"

#include "agent/region.h"
#include "agent/slot.h"

/* A thread without a slot tries again after this number of waits. */
#define RETRY_WAITS 256u
/* How many other slots a thread checks if libc itself created it, for example for a
 * timer. Nothing returns the slot of such a thread, and a program may create thousands of
 * them. */
#define RECLAIM_FEW 8u

AGENT_HOT void agent_attach_slot(struct wire_slot *slot, int32_t tid)
{
	struct agent_tls *self = &agent_tls;

	self->own = slot;
	self->top = 0;
	self->unseen = 0;
	self->generation = agent_load(agent.live);
	self->record = agent_own_record();
	agent_slot_show(slot, WIRE_THREAD, tid, NULL);
	self->current = slot;
}

/* Take the slot that the thread's creator reserved, if that was not possible at once. */
static bool attach_reserved(void)
{
	const struct agent_start *start = agent_tls.reserved;

	agent_tls.reserved = NULL;
	if (!start || agent_load(agent.live) != start->generation)
		return false;
	agent_attach_slot(start->slot, agent_own_tid());
	return true;
}

struct wire_slot *agent_attach(void)
{
	struct agent_tls *self = &agent_tls;
	struct wire_slot *slot = NULL;

	if (self->busy || self->internal || self->over || !agent_region_ready())
		return NULL;
	if (self->current && self->generation == agent_load(agent.live))
		return self->current;
	self->busy = 1;
	/* Anything that it holds is in a parent's region. */
	self->current = NULL;
	self->own = NULL;
	if (self->generation != agent_load(agent.live)) {
		self->generation = agent_load(agent.live);
		self->unseen = 0;
	}
	if (self->reserved && attach_reserved())
		slot = self->own;
	else if (self->unseen % RETRY_WAITS == 0) {
		agent_slot_reclaim(RECLAIM_FEW);
		slot = agent_slot_take();
		if (slot)
			agent_attach_slot(slot, agent_own_tid());
	}
	if (!slot && self->unseen++ == 0)
		__atomic_fetch_add(&agent.header->dropped_tasks, 1, __ATOMIC_RELAXED);
	self->busy = 0;
	return slot;
}

AGENT_HOT void agent_detach(void)
{
	struct agent_tls *self = &agent_tls;
	struct wire_slot *slot = self->own;

	self->current = NULL;
	self->own = NULL;
	self->top = 0;
	if (slot && self->generation == agent_load(agent.live))
		agent_slot_free(slot);
}
