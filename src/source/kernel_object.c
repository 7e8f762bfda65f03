/* SPDX-License-Identifier: MIT */
/* From a futex to the object of libc that it is part of, once the stack has told which kind
 * of object that is; by the layouts of glibc. */
#include <linux/futex.h>
#include <stdio.h>
#include <string.h>

#include "source/kernel.h"

#define COND_SIGNALS     40 /* __g_signals of a pthread_cond_t up to 2.41, two words … */
#define COND_REFS        16 /* … and __g_refs, which count twice those who sleep there */
#define COND_SIGNALS_NEW 32 /* where it has no __g_refs */
#define BARRIER_ROUND    4  /* in, current_round, count, shared */
#define RWLOCK_FUTEXES   8  /* __wrphase_futex and __writers_futex */
#define BARRIER_SHARED   128u
#define MUTEX_WORDS      5
#define MUTEX_KINDS      0x3ffu
#define MUTEX_INHERITS   0x20u
#define STACK_SEARCHED   2048u

/* Conditions and rwlocks are aligned to 8 bytes, which tells the two words apart. */
static uint64_t cond_of(struct kernel *kernel, uint64_t address)
{
	uint64_t base = (address & ~7ull) - COND_SIGNALS;
	uint32_t refs;

	if (kernel_memory_exact(kernel, base + COND_REFS + (address & 4), &refs,
				sizeof(refs)) &&
	    refs >> 1 == 0)
		base += COND_SIGNALS - COND_SIGNALS_NEW;
	return base;
}

static uint64_t barrier_of(struct kernel *kernel, uint64_t address)
{
	uint32_t words[4]; /* in, current_round, count, shared */

	if (!kernel_memory_exact(kernel, address - BARRIER_ROUND, words, sizeof(words)) ||
	    words[0] - words[1] - 1 >= words[2] ||
	    (words[3] != 0 && words[3] != BARRIER_SHARED))
		return address;
	return address - BARRIER_ROUND;
}

uint64_t kernel_lock_object(struct kernel *kernel, enum task_state state,
			    uint64_t address)
{
	if (address < COND_SIGNALS + 8)
		return address;
	switch (state) {
	case STATE_COND:
		return cond_of(kernel, address);
	case STATE_BARRIER:
		return barrier_of(kernel, address);
	case STATE_RWLOCK_READ:
	case STATE_RWLOCK_WRITE:
		return (address & ~7ull) - RWLOCK_FUTEXES;
	default:
		return address;
	}
}

/* The live thread that holds the priority-inheriting mutex which may be at address; 0: it is
 * none, or free. */
static pid_t inheriting_owner(struct kernel *kernel, uint64_t address)
{
	uint32_t words[MUTEX_WORDS];
	pid_t owner;

	if (address < 4096 || address % 8 ||
	    !kernel_memory_exact(kernel, address, words, sizeof(words)) ||
	    (words[4] & ~MUTEX_KINDS) || !(words[4] & MUTEX_INHERITS) ||
	    (words[0] & FUTEX_TID_MASK) != words[2])
		return 0;
	owner = kernel_outer_tid(kernel, (pid_t)words[2]);
	return kernel_tid_lives(kernel, owner) ? owner : 0;
}

bool kernel_explain_refused(struct kernel *kernel, pid_t tid,
			    const struct proc_call *call, struct kernel_wait *out)
{
	uint64_t words[STACK_SEARCHED / 8], found = 0;
	pid_t owner = 0;

	/* It sleeps on a word of its own stack, with no limit. */
	if (((uint32_t)call->args[1] & (uint32_t)FUTEX_CMD_MASK) != FUTEX_WAIT_BITSET ||
	    call->args[2] != 0 || call->args[3] != 0 || call->args[0] < call->sp ||
	    call->args[0] >= call->sp + STACK_SEARCHED)
		return false;
	ssize_t got = kernel_memory(kernel, call->sp, words, sizeof(words));

	/* What it holds itself is what it came with; it wants that of another one. */
	for (ssize_t i = 0; i < got / 8 && (found == 0 || owner == tid); i++) {
		pid_t holder = inheriting_owner(kernel, words[i]);

		if (holder == 0 || (found != 0 && holder == tid))
			continue;
		found = words[i];
		owner = holder;
	}
	if (!found)
		return false;
	out->state = STATE_MUTEX;
	out->kind = "mutex";
	out->address = found;
	out->owner_tid = owner;
	snprintf(out->text, sizeof(out->text), "mutex 0x%llx, held by t%d",
		 (unsigned long long)found, (int)owner);
	return true;
}
