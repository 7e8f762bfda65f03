/* SPDX-License-Identifier: MIT */
/* Counts tasks by process, and says it in words that stay short. */
#include "core/spread.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMED_MAX 3u

void spread_add(const struct snapshot *snapshot, const struct task *task, uint32_t *tasks)
{
	const struct member_process *member = snapshot_member(snapshot, task->pid);

	if (member)
		tasks[member - snapshot->members] += task_weight(task);
}

static size_t count_processes(const struct snapshot *snapshot, const uint32_t *tasks)
{
	size_t count = 0;

	for (size_t i = 0; i < snapshot->nr_members; i++)
		count += tasks[i] > 0;
	return count;
}

size_t spread_of_leak(const struct snapshot *snapshot, const struct leak *leak,
		      uint32_t *tasks)
{
	memset(tasks, 0, snapshot->nr_members * sizeof(*tasks));
	for (size_t i = 0; i < snapshot->nr_tasks; i++)
		if (leak_has(leak, &snapshot->tasks[i]))
			spread_add(snapshot, &snapshot->tasks[i], tasks);
	return count_processes(snapshot, tasks);
}

size_t spread_of_group(const struct snapshot *snapshot, const struct group *group,
		       uint32_t *tasks)
{
	memset(tasks, 0, snapshot->nr_members * sizeof(*tasks));
	for (size_t i = 0; i < snapshot->nr_tasks; i++)
		if (group_has(group, &snapshot->tasks[i]))
			spread_add(snapshot, &snapshot->tasks[i], tasks);
	return count_processes(snapshot, tasks);
}

const struct member_process *spread_only(const struct snapshot *snapshot,
					 const struct leak *leak)
{
	pid_t pid = 0;

	for (size_t i = 0; i < snapshot->nr_tasks; i++) {
		const struct task *task = &snapshot->tasks[i];

		if (task->pid == pid || !leak_has(leak, task))
			continue;
		if (pid != 0)
			return NULL;
		pid = task->pid;
	}
	return snapshot_member(snapshot, pid);
}

/* Returns whether process i comes after process n: it has fewer tasks, or as many and a
 * higher index. */
static bool comes_after(const uint32_t *tasks, size_t i, size_t n)
{
	return i > n ? tasks[i] <= tasks[n] : tasks[i] < tasks[n];
}

/* Returns the first process of those that come after `last`, or of all if it is -1. There
 * must be one. */
static ssize_t next_largest(const struct snapshot *snapshot, const uint32_t *tasks,
			    ssize_t last)
{
	ssize_t best = -1;

	for (size_t i = 0; i < snapshot->nr_members; i++)
		if ((last < 0 || comes_after(tasks, i, (size_t)last)) &&
		    (best < 0 || comes_after(tasks, (size_t)best, i)))
			best = (ssize_t)i;
	return best;
}

const char *spread_text(const struct snapshot *snapshot, const uint32_t *tasks,
			char out[SPREAD_TEXT_MAX])
{
	size_t count = count_processes(snapshot, tasks), used = 0;
	ssize_t at = -1;

	out[0] = '\0';
	if (count > 1)
		used = (size_t)snprintf(out, SPREAD_TEXT_MAX,
					"in %zu of %zu processes: ", count,
					snapshot->nr_members);
	else if (count == 1)
		used = (size_t)snprintf(out, SPREAD_TEXT_MAX, "in ");
	for (size_t i = 0; i < count && i < NAMED_MAX; i++) {
		const struct member_process *member;

		at = next_largest(snapshot, tasks, at);
		member = &snapshot->members[at];
		used += (size_t)snprintf(out + used, SPREAD_TEXT_MAX - used, "%s%.24s %d",
					 i > 0 ? ", " : "", member->name,
					 (int)member->pid);
	}
	if (count > NAMED_MAX)
		snprintf(out + used, SPREAD_TEXT_MAX - used, " and %zu more",
			 count - NAMED_MAX);
	return out;
}

const char *spread_leak_text(const struct snapshot *snapshot, const struct leak *leak,
			     char out[SPREAD_TEXT_MAX])
{
	uint32_t *tasks = calloc(snapshot->nr_members + 1, sizeof(*tasks));

	out[0] = '\0';
	if (tasks && snapshot->nr_members > 0) {
		spread_of_leak(snapshot, leak, tasks);
		spread_text(snapshot, tasks, out);
	}
	free(tasks);
	return out;
}

const char *spread_group_text(const struct snapshot *snapshot, const struct group *group,
			      char out[SPREAD_TEXT_MAX])
{
	uint32_t *tasks = calloc(snapshot->nr_members + 1, sizeof(*tasks));

	out[0] = '\0';
	if (tasks && snapshot->nr_members > 0) {
		spread_of_group(snapshot, group, tasks);
		spread_text(snapshot, tasks, out);
	}
	free(tasks);
	return out;
}

const char *spread_task_text(const struct task *task, char out[SPREAD_TEXT_MAX])
{
	out[0] = '\0';
	if (task->pid > 0)
		snprintf(out, SPREAD_TEXT_MAX, " of %.24s %d",
			 task_more(task)->process ? task_more(task)->process : "process",
			 (int)task->pid);
	return out;
}
