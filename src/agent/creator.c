/* SPDX-License-Identifier: MIT */
/*
 * Records the creator of a task: the caller's registers and the top of its stack, which
 * the client unwinds. It must not fault, so it only copies memory that is certain to
 * belong to the running stack.
 */
#include "agent/creator.h"

#include <string.h>

#define CREATOR_PAGE 4096u

#if defined(__x86_64__)
/* Hidden from sanitizers and from an interposed memcpy(), because it reads whole
 * frames. */
static void creator_copy(void *to, const void *from, size_t bytes)
{
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes) : : "memory");
}

/*
 * Number of readable bytes from sp upward. On the thread's own stack they reach to its
 * first frame. On a coroutine's or a signal stack, whose end is unknown, they are the
 * rest of the page.
 */
static size_t creator_readable(uintptr_t sp)
{
	size_t bytes = CREATOR_PAGE - sp % CREATOR_PAGE;
	uintptr_t top = agent_tls.stack_top;

	if (sp < top && top - sp <= agent_tls.stack_window)
		bytes = top - sp;
	return bytes < WIRE_CREATOR_STACK_BYTES ? bytes : WIRE_CREATOR_STACK_BYTES;
}

AGENT_HOT void agent_creator_record(struct wire_slot *slot,
				    const struct agent_caller *caller)
{
	uint32_t index = agent_slot_index(slot);
	const struct wire_slot *creating = agent_current();

	if (index >= agent.layout.nr_creators) {
		__atomic_fetch_add(&agent.header->dropped_creators, 1, __ATOMIC_RELAXED);
		return;
	}
	struct wire_creator *record = &agent.creators[index];

	/* Marks the record as another task's until the new serial is written. */
	agent_store(&record->created_serial, 0);
	agent_fence_release();
	record->serial = creating ? creating->serial : 0;
	record->tid = creating && agent_tls.own ? agent_tls.own->tid : 0;
	if (creating)
		memcpy(record->name, creating->name, sizeof(record->name));
	else
		memset(record->name, 0, sizeof(record->name));
	record->mono_ns = agent_clock_ns(CLOCK_MONOTONIC_COARSE);
	record->stack_pointer = caller->rsp;
	record->pc = caller->pc;
	record->regs[3] = caller->rbx;
	record->regs[6] = caller->rbp;
	record->regs[7] = caller->rsp;
	record->regs[12] = caller->r12;
	record->regs[13] = caller->r13;
	record->regs[14] = caller->r14;
	record->regs[15] = caller->r15;
	record->regs[16] = caller->pc;
	record->stack_bytes = (uint32_t)creator_readable(caller->rsp);
	creator_copy(record->stack, (const void *)caller->rsp, record->stack_bytes);
	__atomic_store_n(&record->created_serial, slot->serial, __ATOMIC_RELEASE);
	agent_store(&slot->flags, slot->flags | WIRE_SLOT_CREATOR);
}
#else
void agent_creator_record(struct wire_slot *slot, const struct agent_caller *caller)
{
	(void)slot;
	(void)caller;
}
#endif
