/* SPDX-License-Identifier: MIT */
#include "tui/identity.h"

struct identity identity_of(const struct task *task)
{
	return (struct identity){true, task->kind, task->id, task->serial};
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
