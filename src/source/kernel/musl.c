/* SPDX-License-Identifier: MIT */
/* Finds the musl object that contains a futex, and its holder, once the stack has
 * determined the kind of object; uses the layouts of musl. */
#include <linux/futex.h>
#include <stdio.h>
#include <string.h>

#include "source/kernel/kernel.h"

#define MUTEX_WORD       4 /* _m_lock follows _m_type; the number of waiters is next */
#define MUTEX_KINDS      0x8fu /* bits of _m_type: kind, robust, inheriting, shared */
#define MUTEX_OWNED      3u    /* kinds whose word is the owner */
#define WAITERS_MAX      (1u << 20)
#define THREAD_TID       8  /* before detach_state, the word that a join waits for */
#define THREAD_SELF_MAX  96 /* the thread's own address is at most this far before it */
#define WAITER_BARRIER   20 /* in a condition's waiter: two links, state, this */
#define WAITERS_FOLLOWED 256u
#define COND_NEWEST      8  /* _c_head of a condition */
#define COND_OLDEST      40 /* _c_tail of a condition */
#define STACK_WORDS      96u

/* Returns our id of the thread that holds the mutex, or 0. A waiter has set the highest
 * bit of the word, which no glibc mutex has at this place. */
static pid_t mutex_owner(struct kernel *kernel, uint64_t address)
{
	uint32_t words[3]; /* kind, owner, waiters */
	pid_t owner;

	if (!kernel_memory_exact(kernel, address, words, sizeof(words)) ||
	    (words[0] & ~MUTEX_KINDS) || !(words[0] & MUTEX_OWNED) ||
	    !(words[1] & FUTEX_WAITERS) || words[2] > WAITERS_MAX)
		return 0;
	owner = kernel_outer_tid(kernel, (pid_t)(words[1] & FUTEX_TID_MASK));
	return kernel_tid_lives(kernel, owner) ? owner : 0;
}

/* Returns the thread that a join at this detach_state waits for. The first word of a
 * thread's descriptor is its own address. */
static pid_t joined_thread(struct kernel *kernel, uint64_t address)
{
	uint64_t words[THREAD_SELF_MAX / 8 + 1];
	uint64_t start = address - THREAD_SELF_MAX;
	uint32_t tid;

	if (address % 8 || address < 2 * THREAD_SELF_MAX ||
	    !kernel_memory_exact(kernel, start, words, sizeof(words)))
		return 0;
	for (size_t i = 0; i < THREAD_SELF_MAX / 8; i++) {
		if (words[i] != start + 8 * i)
			continue;
		memcpy(&tid, (const uint8_t *)words + THREAD_SELF_MAX - THREAD_TID,
		       sizeof(tid));
		pid_t outer = tid <= INT32_MAX ? kernel_outer_tid(kernel, (pid_t)tid) : 0;

		return kernel_tid_lives(kernel, outer) ? outer : 0;
	}
	return 0;
}

pid_t kernel_musl_owner(struct kernel *kernel, enum task_state state, uint64_t address)
{
	return state == STATE_MUTEX  ? mutex_owner(kernel, address)
	       : state == STATE_JOIN ? joined_thread(kernel, address)
				     : 0;
}

/* Returns the last waiter of a list; link 0 leads to newer waiters, 8 to older ones. */
static uint64_t end_of_list(struct kernel *kernel, uint64_t waiter, unsigned link)
{
	uint64_t next;

	for (unsigned i = 0; i < WAITERS_FOLLOWED; i++) {
		if (!kernel_memory_exact(kernel, waiter + link, &next, sizeof(next)))
			return 0;
		if (!next)
			return waiter;
		waiter = next;
	}
	return 0;
}

/* Each waiter has a futex on its own stack. The address of the condition is on that stack
 * too, and the condition points to both ends of the list of waiters. */
static void explain_cond(struct kernel *kernel, const struct proc_call *call,
			 struct kernel_wait *wait)
{
	uint64_t waiter = wait->address - WAITER_BARRIER;
	uint64_t words[STACK_WORDS], newest, oldest, ends[2];
	ssize_t got;

	if (waiter % 8 || waiter < call->sp || waiter - call->sp > sizeof(words))
		return;
	newest = end_of_list(kernel, waiter, 0);
	oldest = end_of_list(kernel, waiter, 8);
	got = newest && oldest ? kernel_memory(kernel, call->sp, words, sizeof(words))
			       : 0;
	for (ssize_t i = 0; i < got / 8; i++) {
		if (words[i] < 4096 || words[i] % 8 ||
		    !kernel_memory_exact(kernel, words[i] + COND_NEWEST, &ends[0], 8) ||
		    ends[0] != newest ||
		    !kernel_memory_exact(kernel, words[i] + COND_OLDEST, &ends[1], 8) ||
		    ends[1] != oldest)
			continue;
		wait->address = words[i];
		return;
	}
}

void kernel_explain_musl(struct kernel *kernel, const struct proc_call *call,
			 enum task_state state, struct kernel_wait *wait)
{
	int used;

	wait->address = call->args[0];
	if (state == STATE_MUTEX)
		wait->address -= MUTEX_WORD;
	else if (state == STATE_COND)
		explain_cond(kernel, call, wait);
	wait->owner_tid = kernel_musl_owner(kernel, state, wait->address);
	wait->owner_changes = state == STATE_MUTEX || state == STATE_JOIN;
	wait->kind = kernel_state_kind(state);
	if (state == STATE_JOIN && wait->owner_tid) {
		snprintf(wait->text, sizeof(wait->text), "t%d", (int)wait->owner_tid);
		return;
	}
	used = snprintf(wait->text, sizeof(wait->text), "%s 0x%llx",
			wait->kind ? wait->kind : "futex",
			(unsigned long long)wait->address);
	if (wait->owner_tid)
		snprintf(wait->text + used, sizeof(wait->text) - (size_t)used,
			 ", held by t%d", (int)wait->owner_tid);
}
