/* SPDX-License-Identifier: MIT */
/* Two passes over the processes of both sides; each is paired at most once. */
#include "core/diff_processes.h"

#include <stdlib.h>
#include <string.h>

static bool same_process(const struct member_process *a, const struct member_process *b)
{
	if (a->start_real_ns > 0 && b->start_real_ns > 0)
		return a->start_real_ns == b->start_real_ns;
	return strcmp(a->name, b->name) == 0;
}

static void add_pair(struct diff_processes *processes, const struct snapshot *a,
		     size_t at_a, const struct snapshot *b, size_t at_b, bool replaced)
{
	processes->alone[0][at_a] = processes->alone[1][at_b] = false;
	processes->list[processes->count++] =
		(struct diff_process){{&a->members[at_a], &b->members[at_b]}, replaced};
}

static void pair_same(struct diff_processes *processes, const struct snapshot *a,
		      const struct snapshot *b)
{
	for (size_t i = 0; i < a->nr_members; i++) {
		const struct member_process *other =
			snapshot_member(b, a->members[i].pid);

		if (other && same_process(&a->members[i], other))
			add_pair(processes, a, i, b, (size_t)(other - b->members), false);
	}
}

static void pair_names(struct diff_processes *processes, const struct snapshot *a,
		       const struct snapshot *b)
{
	for (size_t i = 0; i < a->nr_members; i++)
		for (size_t n = 0; n < b->nr_members && processes->alone[0][i]; n++)
			if (processes->alone[1][n] &&
			    strcmp(a->members[i].name, b->members[n].name) == 0)
				add_pair(processes, a, i, b, n, true);
}

static void add_alone(struct diff_processes *processes, int side,
		      const struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->nr_members; i++) {
		struct diff_process *process = &processes->list[processes->count];

		if (!processes->alone[side][i])
			continue;
		*process = (struct diff_process){.replaced = false};
		process->side[side] = &snapshot->members[i];
		processes->count++;
	}
}

int diff_processes_build(struct diff_processes *processes, const struct snapshot *a,
			 const struct snapshot *b)
{
	const struct snapshot *sides[] = {a, b};

	memset(processes, 0, sizeof(*processes));
	if (!a->members || !b->members)
		return 0;
	processes->list =
		calloc(a->nr_members + b->nr_members + 1, sizeof(processes->list[0]));
	for (int side = 0; side < 2; side++) {
		processes->alone[side] = malloc(sides[side]->nr_members + 1);
		if (!processes->list || !processes->alone[side])
			return ERR_NOMEM;
		memset(processes->alone[side], true, sides[side]->nr_members + 1);
	}
	pair_same(processes, a, b);
	pair_names(processes, a, b);
	add_alone(processes, 0, a);
	add_alone(processes, 1, b);
	return 0;
}

void diff_processes_release(struct diff_processes *processes)
{
	free(processes->list);
	free(processes->alone[0]);
	free(processes->alone[1]);
	memset(processes, 0, sizeof(*processes));
}

bool diff_processes_alone(const struct diff_processes *processes, int side,
			  const struct snapshot *snapshot, const struct task *task)
{
	const struct member_process *member =
		processes->list ? snapshot_member(snapshot, task->pid) : NULL;

	return member && processes->alone[side][member - snapshot->members];
}
