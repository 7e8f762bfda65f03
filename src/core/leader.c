/* SPDX-License-Identifier: MIT */
/* The holder must wait for connections or events in the same function in which the others
 * wait for the lock, and that function must be a loop according to its depth or its name.
 * A task that queries a peer while it holds a lock blocks the others. */
#include "core/leader.h"

#include <string.h>

#include "core/depth.h"

#define SEARCHES_MOST 64u
/* Maximum number of the program's own frames between the function in which the lock is
 * held and the wait for an event. */
#define LEADER_DEPTH  3u

static const struct task *find_thread(struct leaders *leaders,
				      const struct snapshot *snapshot, pid_t tid)
{
	if (leaders->tid != tid) {
		if (leaders->searches >= SEARCHES_MOST)
			return NULL;
		leaders->searches++;
		leaders->tid = tid;
		leaders->found = false;
		for (size_t i = 0; i < snapshot->nr_tasks && !leaders->found; i++) {
			leaders->found = snapshot->tasks[i].tid == tid;
			leaders->index = (uint32_t)i;
		}
	}
	return leaders->found ? &snapshot->tasks[leaders->index] : NULL;
}

static const char *own_function(const struct stack *stack)
{
	size_t top = stack->top > 0 ? stack->top - 1
				    : stack_find_top(stack->frames, stack->nr_frames);

	return top < stack->nr_frames ? stack->frames[top].function : NULL;
}

/* Returns whether the holder waits inside this function, and does so for work. */
static bool leads_from(const struct stack *stack, const char *function, bool accepts)
{
	size_t own = 0;

	for (size_t i = 0; i < stack->nr_frames && own < LEADER_DEPTH; i++) {
		const char *name = stack->frames[i].function;

		if (frame_is_plumbing(&stack->frames[i]) || !name)
			continue;
		own++;
		accepts |= strstr(name, "accept") || strstr(name, "Accept");
		if (strcmp(name, function) == 0)
			return accepts || stack->asks || depth_is_loop(stack);
	}
	return false;
}

bool leader_has_turn(struct leaders *leaders, const struct snapshot *snapshot,
		     const struct task *task)
{
	const struct task *holder;
	const char *function;

	/* For a file lock the holder's stack is not available, so the name of the lock
	 * decides. */
	if (task->state == STATE_FLOCK)
		return task->kind == TASK_THREAD && depth_is_loop(task->stack) &&
		       task->waits.text && strstr(task->waits.text, "accept");
	if (task->state != STATE_MUTEX || task->kind != TASK_THREAD || !task->stack ||
	    task->waits.owner_tid <= 0 || wait_more(task)->owner_pid > 0)
		return false;
	function = own_function(task->stack);
	holder = find_thread(leaders, snapshot, task->waits.owner_tid);
	if (!function || !holder || holder == task || !holder->stack ||
	    (holder->state != STATE_ACCEPT && holder->state != STATE_POLL))
		return false;
	return leads_from(holder->stack, function, holder->state == STATE_ACCEPT);
}
