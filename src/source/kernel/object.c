/* SPDX-License-Identifier: MIT */
/* Finds the libc object that contains a futex once the stack has determined the kind of
 * object; uses the layouts of glibc. */
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "source/kernel/kernel.h"

#define COND_SIGNALS     40 /* __g_signals of a pthread_cond_t up to 2.41, two words */
#define COND_REFS        16 /* __g_refs, twice the number of sleepers for each word */
#define COND_SIGNALS_NEW 32 /* if it has no __g_refs */
#define BARRIER_ROUND    4  /* in, current_round, count, shared */
#define RWLOCK_FUTEXES   8  /* __wrphase_futex and __writers_futex */
#define BARRIER_SHARED   128u
#define MUTEX_WORDS      5
#define MUTEX_KINDS      0x3ffu
#define MUTEX_INHERITS   0x20u
#define STACK_SEARCHED   2048u
#define WAITERS_SEARCHED 1024u
#define CALL_LOCK_PI2    13u

/* Conditions and rwlocks are aligned to 8 bytes, which distinguishes the two words. */
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

/* Returns the live thread that holds the presumed priority-inheriting mutex at address,
 * or 0 if there is no such mutex or it is free. */
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

static bool waits_for(struct kernel *kernel, pid_t waiter, pid_t holder)
{
	struct proc_call call;
	uint32_t command;

	if (process_thread_call(&kernel->process, waiter, &call) != 0 || call.running ||
	    call.nr != SYS_futex)
		return false;
	command = (uint32_t)call.args[1] & (uint32_t)FUTEX_CMD_MASK;
	return (command == FUTEX_LOCK_PI || command == CALL_LOCK_PI2) &&
	       inheriting_owner(kernel, call.args[0]) == holder;
}

/* Counts the threads that wait for a priority-inheriting mutex held by holder, and stores
 * the last one in *waiter. */
static size_t count_waiters(struct kernel *kernel, pid_t holder, pid_t *waiter)
{
	pid_t *tids = NULL;
	size_t capacity = 0, count = 0;
	ssize_t nr = process_threads(&kernel->process, &tids, &capacity);

	for (ssize_t i = 0; i < nr && i < (ssize_t)WAITERS_SEARCHED; i++)
		if (tids[i] != holder && waits_for(kernel, tids[i], holder)) {
			*waiter = tids[i];
			count++;
		}
	free(tids);
	return count;
}

/* Only a mutex that the thread itself holds was found. The kernel refused a cycle, so the
 * mutex that it wants is held by a thread that waits for it, if there is one. The holder
 * is known if exactly one thread waits. */
static bool close_circle(struct kernel *kernel, pid_t tid, struct kernel_wait *out)
{
	pid_t waiter = 0, next;
	size_t waiters = count_waiters(kernel, tid, &waiter);

	if (waiters == 0)
		return false;
	out->address = 0;
	out->owner_tid = 0;
	snprintf(out->text, sizeof(out->text), "mutex");
	if (waiters > 1 || count_waiters(kernel, waiter, &next) > 0)
		return true;
	out->owner_tid = waiter;
	snprintf(out->text, sizeof(out->text), "mutex held by t%d", (int)waiter);
	return true;
}

bool kernel_explain_refused(struct kernel *kernel, pid_t tid,
			    const struct proc_call *call, struct kernel_wait *out)
{
	uint64_t words[STACK_SEARCHED / 8], found = 0;
	pid_t owner = 0;

	/* It must sleep on a word of its own stack without a timeout. */
	if (((uint32_t)call->args[1] & (uint32_t)FUTEX_CMD_MASK) != FUTEX_WAIT_BITSET ||
	    call->args[2] != 0 || call->args[3] != 0 || call->args[0] < call->sp ||
	    call->args[0] >= call->sp + STACK_SEARCHED)
		return false;
	ssize_t got = kernel_memory(kernel, call->sp, words, sizeof(words));

	/* A mutex that the thread itself holds is not the one that it waits for. */
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
	if (owner == tid && close_circle(kernel, tid, out))
		return true;
	out->address = found;
	out->owner_tid = owner;
	snprintf(out->text, sizeof(out->text), "mutex 0x%llx, held by t%d",
		 (unsigned long long)found, (int)owner);
	return true;
}
