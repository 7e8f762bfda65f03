/* SPDX-License-Identifier: MIT */
#include "source/go/agent_rows.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/order.h"

static int compare_rows(const void *a, const void *b)
{
	const struct task *left = a, *right = b;

	return ORDER(left->tid, right->tid);
}

void go_agent_rows_take(struct go_agent_rows *rows, struct snapshot *out)
{
	(void)array_reserve(&rows->list, &rows->cap, out->nr_tasks);
	for (size_t i = 0; i < out->nr_tasks && rows->nr < rows->cap; i++)
		if (out->tasks[i].kind == TASK_THREAD)
			rows->list[rows->nr++] = out->tasks[i];
	out->nr_tasks = 0;
	if (rows->nr > 1)
		qsort(rows->list, rows->nr, sizeof(*rows->list), compare_rows);
}

void go_agent_rows_release(struct go_agent_rows *rows)
{
	free(rows->list);
	*rows = (struct go_agent_rows){.list = NULL};
}

const struct task *go_agent_row(const struct go_agent_rows *rows, pid_t tid)
{
	struct task key = {.tid = tid};

	return rows->nr ? bsearch(&key, rows->list, rows->nr, sizeof(*rows->list),
				  compare_rows)
			: NULL;
}

void go_agent_explain(const struct go_agent_rows *rows, struct arena *arena,
		      struct task *task)
{
	const struct task *row = go_agent_row(rows, task->tid);

	if (!row || !state_blocks(row->state) ||
	    (row->flags & (TASK_STALE | TASK_SUSPECT)) || !(row->flags & TASK_AGE_EXACT))
		return;
	task->state = row->state;
	task->waits = row->waits;
	if (task_more(row)->inner)
		task_edit(task, arena)->inner = task_more(row)->inner;
	task->since_ns = row->since_ns;
	task->flags |= TASK_AGE_EXACT;
}
