/* SPDX-License-Identifier: MIT */
/* Keeps the rows of threads that sleep on, so that a look at many of them only copies
 * them. */
#include <stddef.h>
#include <string.h>

#include "source/thread/private.h"

bool thread_is_kept(const struct thread_table *table, const struct thread *thread)
{
	return thread->slept && thread->kept_generation == table->texts.generation &&
	       table->texts_usable && !table->python_read &&
	       table->kernel->now_ns < thread->kept_until_ns;
}

/* What is still being found out is not kept, nor what the snapshot has beside the task. */
static bool may_be_kept(const struct thread_table *table, const struct thread *thread,
			const struct task *task)
{
	if (task->more || task->waits.more || !table->texts_usable ||
	    table->python_read || !thread->slept || thread->ask_sleep ||
	    thread->suspect || thread->cpu_percent != 0 ||
	    thread->tid == table->kernel->process.pid)
		return false;
	if (!table->symbols || !thread->call_text[0] || table->kernel->memory_denied)
		return true;
	return thread->stack && !thread->stack->truncated &&
	       thread->stack_generation == symbols_generation(table->symbols);
}

void thread_keep(struct thread_table *table, struct thread *thread,
		 const struct task *task)
{
	struct task *kept = &thread->kept;

	if (!may_be_kept(table, thread, task))
		return;
	*kept = *task;
	kept->name = texts_add(&table->texts, task->name, PROC_COMM_MAX);
	if (task->waits.text)
		kept->waits.text =
			texts_add(&table->texts, task->waits.text, KERNEL_TEXT_MAX * 2);
	if (!kept->name || (task->waits.text && !kept->waits.text))
		return;
	thread->moves = thread->wait.owner_changes;
	thread->kept_generation = table->texts.generation;
	thread->kept_until_ns =
		kernel_wait_valid_until_ns(&thread->wait, table->kernel->now_ns);
}

bool thread_same_wait(const struct kernel_wait *a, const struct kernel_wait *b)
{
	return memcmp(a, b, offsetof(struct kernel_wait, text)) == 0 &&
	       strcmp(a->text, b->text) == 0;
}
