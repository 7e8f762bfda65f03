/* SPDX-License-Identifier: MIT */
/* Every thread waits for at most one owner, so the graph is walked once, marking. */
#include "out/cycles.h"

#include <stdlib.h>
#include <string.h>

#define NOBODY SIZE_MAX

struct by_tid {
	pid_t tid;
	size_t index;
};

static int by_tid_compare(const void *left, const void *right)
{
	pid_t a = ((const struct by_tid *)left)->tid,
	      b = ((const struct by_tid *)right)->tid;

	return a < b ? -1 : a > b;
}

/* A thread that waits, long enough, for something that another thread holds. */
static bool waits_for_owner(const struct task *task, const struct snapshot *snapshot)
{
	return task->kind == TASK_THREAD && task->waits.kind &&
	       task->waits.owner_tid > 0 && state_blocks(task->state) &&
	       !(task->flags & (TASK_SUSPECT | TASK_STALE)) &&
	       task_age_ns(task, snapshot->mono_ns) >= CYCLE_AGE_MIN_NS;
}

/* next[i]: the task that task i waits for, or NOBODY. */
static int link_owners(const struct snapshot *snapshot, size_t *next, struct err *e)
{
	struct by_tid *table = calloc(snapshot->nr_tasks + 1, sizeof(*table));
	size_t count = 0;

	if (!table)
		return err_set(e, ERR_NOMEM, "no memory to look for deadlocks");
	for (size_t i = 0; i < snapshot->nr_tasks; i++) {
		if (snapshot->tasks[i].kind == TASK_THREAD)
			table[count++] = (struct by_tid){snapshot->tasks[i].tid, i};
	}
	qsort(table, count, sizeof(*table), by_tid_compare);
	for (size_t i = 0; i < snapshot->nr_tasks; i++) {
		const struct task *task = &snapshot->tasks[i];
		struct by_tid key = {task->waits.owner_tid, 0}, *found = NULL;

		if (waits_for_owner(task, snapshot))
			found = bsearch(&key, table, count, sizeof(*table),
					by_tid_compare);
		next[i] = found ? found->index : NOBODY;
	}
	free(table);
	return 0;
}

int cycles_find(struct cycles *cycles, const struct snapshot *snapshot, struct err *e)
{
	size_t count = snapshot->nr_tasks, used = 0;
	size_t *next = calloc(count + 1, sizeof(*next));
	size_t *walk = calloc(count + 1, sizeof(*walk)); /* 0: not visited */
	int rc = ERR_NOMEM;

	memset(cycles, 0, sizeof(*cycles));
	cycles->members = calloc(count + 1, sizeof(*cycles->members));
	cycles->ends = calloc(count + 1, sizeof(*cycles->ends));
	if (!next || !walk || !cycles->members || !cycles->ends) {
		err_set(e, ERR_NOMEM, "no memory to look for deadlocks");
		goto out;
	}
	rc = link_owners(snapshot, next, e);
	if (rc != 0)
		goto out;
	for (size_t start = 0; start < count; start++) {
		size_t at = start;

		while (at != NOBODY && walk[at] == 0) {
			walk[at] = start + 1;
			at = next[at];
		}
		if (at == NOBODY || walk[at] != start + 1)
			continue;
		/* This walk came back to a task of its own: the circle starts there. */
		size_t member = at;
		do {
			cycles->members[used++] = member;
			member = next[member];
		} while (member != at);
		cycles->ends[cycles->count++] = used;
	}
out:
	free(next);
	free(walk);
	return rc;
}

void cycles_release(struct cycles *cycles)
{
	free(cycles->members);
	free(cycles->ends);
	memset(cycles, 0, sizeof(*cycles));
}
