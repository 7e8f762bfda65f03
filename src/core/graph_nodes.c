/* SPDX-License-Identifier: MIT */
/* The nodes of the wait-for graph, and the tasks that others wait for by their ids. */
#include "base/hash.h"
#include "core/graph_private.h"

struct task *graph_task(const struct snapshot *snapshot, uint32_t node)
{
	return node < snapshot->nr_tasks
		       ? &snapshot->tasks[node]
		       : &snapshot->others[node - snapshot->nr_tasks].task;
}

const struct other_process *graph_process(const struct snapshot *snapshot, uint32_t node)
{
	return node < snapshot->nr_tasks
		       ? NULL
		       : snapshot->others[node - snapshot->nr_tasks].process;
}

pid_t graph_pid(const struct snapshot *snapshot, uint32_t node)
{
	const struct other_process *process = graph_process(snapshot, node);

	if (process)
		return process->pid;
	return snapshot->nr_members ? snapshot->tasks[node].pid : snapshot->target.pid;
}

size_t graph_cycles(const struct snapshot *snapshot)
{
	return snapshot->graph ? snapshot->graph->nr_cycles : 0;
}

bool graph_waits(const struct task *task)
{
	if (task->kind == TASK_COROUTINE && !wait_more(task)->owner_cid &&
	    !wait_more(task)->several)
		return false;
	return task->waits.kind &&
	       (task->waits.owner_tid > 0 || wait_more(task)->owner_goid > 0 ||
		wait_more(task)->owner_cid > 0 || wait_more(task)->several ||
		wait_more(task)->actors) &&
	       state_blocks(task->state) && !(task->flags & (TASK_SUSPECT | TASK_STALE));
}

struct owner_node *graph_find(const struct builder *b, uint64_t key, pid_t pid)
{
	size_t at = hash_mix(key, 0) & b->mask;

	while (b->map[at].key != 0 && (b->map[at].key != key || b->map[at].pid != pid))
		at = (at + 1) & b->mask;
	return &b->map[at];
}

struct actor *graph_actor(const struct builder *b, uint32_t node)
{
	const struct snapshot *s = b->snapshot;
	const struct other_process *process = graph_process(s, node);
	const struct member_process *member;

	if (process)
		return &b->actors[b->nr_own + (size_t)(process - s->processes)];
	member = snapshot_member(s, graph_task(s, node)->pid);
	return &b->actors[member ? member - s->members : 0];
}
