/* SPDX-License-Identifier: MIT */
#include "tui/group_processes.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/order.h"

#define NAMED_MAX 6

struct part {
	const struct member_process *process;
	uint32_t count;
};

static int compare_parts(const void *a, const void *b)
{
	const struct part *one = a, *other = b;

	if (one->count != other->count)
		return one->count > other->count ? -1 : 1;
	return ORDER(one->process->pid, other->process->pid);
}

static size_t count_parts(const struct snapshot *s, const struct group *group,
			  struct part *parts)
{
	size_t found = 0;

	for (size_t i = 0; i < s->nr_members; i++)
		parts[i].process = &s->members[i];
	for (size_t i = 0; i < s->nr_tasks; i++) {
		const struct member_process *process;

		if (!group_has(group, &s->tasks[i]))
			continue;
		process = snapshot_member(s, s->tasks[i].pid);
		if (!process)
			continue;
		found += parts[process - s->members].count == 0;
		parts[process - s->members].count += task_weight(&s->tasks[i]);
	}
	qsort(parts, s->nr_members, sizeof(*parts), compare_parts);
	return found;
}

void group_processes(const struct snapshot *snapshot, const struct group *group,
		     char out[GROUP_PROCESSES_MAX])
{
	struct part *parts;
	size_t found, used;

	out[0] = '\0';
	if (snapshot->nr_members == 0)
		return;
	parts = calloc(snapshot->nr_members, sizeof(*parts));
	if (!parts)
		return;
	found = count_parts(snapshot, group, parts);
	used = (size_t)snprintf(out, GROUP_PROCESSES_MAX, "in %zu of %zu", found,
				snapshot->nr_members);
	for (size_t i = 0; i < found && i < NAMED_MAX; i++)
		used += (size_t)snprintf(out + used, GROUP_PROCESSES_MAX - used,
					 "%s%.32s %d with %u", i > 0 ? ", " : ": ",
					 parts[i].process->name,
					 (int)parts[i].process->pid, parts[i].count);
	if (found > NAMED_MAX)
		snprintf(out + used, GROUP_PROCESSES_MAX - used, " and %zu more",
			 found - NAMED_MAX);
	free(parts);
}
