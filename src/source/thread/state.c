/* SPDX-License-Identifier: MIT */
/* Refines a thread's wait by its stack: which object the futex belongs to, and whether
 * the words at the futex were misread. Reads only memory that the system call names. */
#include <stdio.h>
#include <sys/syscall.h>

#include "source/java/hotspot.h"
#include "source/thread/thread.h"

/* The object is not the one that was guessed, and neither is its holder. */
static void replace_guess(struct kernel *kernel, struct thread *thread)
{
	struct kernel_wait *wait = &thread->wait;
	enum task_state state = thread->says.state;
	size_t used;

	wait->state = state;
	wait->kind = kernel_state_kind(state);
	wait->address = kernel_lock_object(kernel, state, thread->call.args[0]);
	wait->owner_pid = 0;
	wait->owner_tid = 0;
	if (state == STATE_MUTEX || state == STATE_RWLOCK_READ ||
	    state == STATE_RWLOCK_WRITE)
		wait->owner_tid =
			kernel_lock_owner(kernel, state, wait->address, &wait->owner_pid);
	used = (size_t)snprintf(wait->text, sizeof(wait->text), "%s 0x%llx", wait->kind,
				(unsigned long long)wait->address);
	if (wait->owner_tid)
		kernel_owner_text(wait->owner_tid, wait->owner_pid, wait->text + used,
				  sizeof(wait->text) - used);
}

/* The futex is private to the thread; what it waits for is a Java monitor. */
static void explain_java(struct thread_table *table, struct thread *thread)
{
	struct kernel_wait *wait = &thread->wait;
	uint64_t monitor;
	size_t used;

	if (!table->hotspot && table->symbols)
		table->hotspot = hotspot_new(table->kernel, table->symbols);
	monitor = hotspot_monitor(table->hotspot, thread->tid, &wait->owner_tid);
	if (!monitor)
		return;
	wait->address = monitor;
	wait->owner_pid = 0;
	wait->owner_changes = true;
	used = (size_t)snprintf(wait->text, sizeof(wait->text), "monitor 0x%llx",
				(unsigned long long)monitor);
	if (wait->owner_tid)
		kernel_owner_text(wait->owner_tid, 0, wait->text + used,
				  sizeof(wait->text) - used);
}

void thread_apply_stack(struct thread_table *table, struct thread *thread)
{
	struct kernel *kernel = table->kernel;
	struct kernel_wait *wait = &thread->wait;
	const struct stack_says *says = &thread->says;

	if (says->state == STATE_UNKNOWN)
		return;
	if (thread->overruled && says->libc) {
		replace_guess(kernel, thread);
		return;
	}
	if (thread->overruled) {
		/* The presumed holder came from the same misread words. */
		wait->owner_tid = 0;
		wait->owner_pid = 0;
		wait->owner_changes = false;
		wait->address = thread->call.args[0];
	}
	if (thread->call_state == STATE_FUTEX && says->musl) {
		kernel_explain_musl(kernel, &thread->call, says->state, wait);
		wait->state = says->state;
		return;
	}
	if (thread->call_state == STATE_FUTEX && says->libc &&
	    says->state == STATE_MUTEX &&
	    kernel_explain_refused(kernel, thread->tid, &thread->call, wait))
		return;
	if (thread->call_state == STATE_FUTEX || thread->overruled) {
		if (says->libc)
			/* Start from the futex word itself, since this runs
			 * repeatedly. */
			wait->address = kernel_lock_object(kernel, says->state,
							   thread->call_address);
		wait->kind = kernel_state_kind(says->state);
		if (!wait->kind)
			wait->kind = "futex";
		if (says->state == STATE_SLEEP) {
			wait->address = 0;
			snprintf(wait->text, sizeof(wait->text), "%s",
				 says->what ? says->what : "");
		} else {
			snprintf(wait->text, sizeof(wait->text), "%s 0x%llx",
				 says->what ? says->what : wait->kind,
				 (unsigned long long)wait->address);
		}
	} else if (says->what) {
		/* Do not show the descriptor that only wakes it up. */
		wait->kind = kernel_state_kind(says->state);
		wait->address = 0;
		wait->fd = -1;
		snprintf(wait->text, sizeof(wait->text), "%s", says->what);
	}
	wait->state = says->state;
	if ((thread->call_state == STATE_FUTEX || thread->overruled) && says->java)
		explain_java(table, thread);
}

/* The kind of a futex was guessed from its words, which may match by chance; a libc
 * function on the stack is conclusive. A wait for a condition ends with locking the mutex
 * again. */
static bool is_overruled(const struct thread *thread, const struct stack_says *says)
{
	enum task_state guess = thread->call_state;
	enum task_state right = says->libc ? says->state : says->inner;

	if (says->musl || right == STATE_UNKNOWN || right == guess)
		return false;
	if (guess == STATE_RWLOCK_READ || guess == STATE_RWLOCK_WRITE)
		return right != STATE_MUTEX;
	return guess == STATE_JOIN || (guess == STATE_MUTEX && right != STATE_COND);
}

void thread_ask_stack(struct thread_table *table, struct thread *thread)
{
	struct stack_says says;

	thread->overruled = false;
	thread->says =
		symbols_stack_says(table->symbols, thread->stack, thread->call_state);
	if (thread->says.state != STATE_UNKNOWN || thread->call.nr != SYS_futex ||
	    thread->call_state == STATE_FUTEX)
		return;
	says = symbols_stack_says(table->symbols, thread->stack, STATE_FUTEX);
	if (is_overruled(thread, &says)) {
		thread->says = says;
		thread->overruled = true;
	}
}
