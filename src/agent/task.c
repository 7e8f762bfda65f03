/* SPDX-License-Identifier: MIT */
/*
 * Coroutines: each has a slot, and one of them may run on the calling thread. A handle
 * remains usable after fork; it is treated as NULL if its region is gone.
 */
#include "agent/attach.h"
#include "agent/creator.h"
#include "agent/region.h"
#include "agent/slot.h"

#include <errno.h>

/* The handle is the task's agent_start_of(). */
struct grmon_task *agent_task_begin(const char *name, const struct agent_caller *caller);

static struct wire_slot *task_slot(const struct grmon_task *task)
{
	const struct agent_start *start = (const struct agent_start *)task;

	if (!start || start->generation != agent_load(agent.live) ||
	    agent_load(&start->slot->serial) != start->serial)
		return NULL;
	return start->slot;
}

struct grmon_task *agent_task_begin(const char *name, const struct agent_caller *caller)
{
	int saved = errno;
	struct agent_start *start = NULL;
	struct wire_slot *slot;

	/* The caller's own slot is needed first, because it is the creator. */
	agent_attach();
	if (!agent_region_ready())
		goto out;
	slot = agent_slot_take();
	if (!slot) {
		__atomic_fetch_add(&agent.header->dropped_tasks, 1, __ATOMIC_RELAXED);
		goto out;
	}
	start = agent_start_of(slot);
	start->slot = slot;
	start->serial = slot->serial;
	start->generation = agent_load(agent.live);
	if (caller)
		agent_creator_record(slot, caller);
	agent_slot_show(slot, WIRE_COROUTINE, 0, name);
out:
	errno = saved;
	return (struct grmon_task *)start;
}

void grmon_task_switch(struct grmon_task *task)
{
	struct agent_tls *self = &agent_tls;
	struct wire_slot *slot = task_slot(task);
	struct wire_slot *own;

	if (!agent_current())
		agent_attach();
	if (self->generation != agent_load(agent.live) || self->generation == 0)
		return;
	own = self->own;
	if (slot && own)
		agent_store(&slot->tid, own->tid);
	if (own)
		agent_store(&own->carried, slot ? slot->serial : 0);
	self->current = slot ? slot : own;
	self->top = 0;
}

void grmon_task_end(struct grmon_task *task)
{
	struct wire_slot *slot = task_slot(task);

	if (!slot)
		return;
	if (agent_tls.current == slot)
		grmon_task_switch(NULL);
	agent_slot_free(slot);
}

#if defined(__x86_64__)
AGENT_CALLER_ENTRY("grmon_task_begin", "agent_task_begin", "rsi");
#else
struct grmon_task *grmon_task_begin(const char *name)
{
	return agent_task_begin(name, NULL);
}
#endif
