/* SPDX-License-Identifier: MIT */
#include "tui/identity.h"

struct identity identity_of(const struct task *task)
{
	return (struct identity){true, task->kind, task->id, task->serial, task->pid};
}

bool identity_same(const struct identity *a, const struct identity *b)
{
	return a->set && b->set && a->id == b->id && a->kind == b->kind &&
	       a->serial == b->serial;
}

const char *identity_format(const struct identity *identity, char out[TASK_ID_MAX])
{
	struct task task = {
		.kind = identity->kind, .id = identity->id, .pid = identity->pid};

	return task_format_id(&task, out);
}

static bool identity_is(const struct identity *identity, const struct task *task)
{
	return identity->set && identity->id == task->id &&
	       identity->kind == task->kind && identity->serial == task->serial;
}

const struct task *identity_find(const struct identity *identity,
				 const struct snapshot *snapshot)
{
	for (size_t i = 0; snapshot && i < snapshot->nr_tasks; i++)
		if (identity_is(identity, &snapshot->tasks[i]))
			return &snapshot->tasks[i];
	return NULL;
}
