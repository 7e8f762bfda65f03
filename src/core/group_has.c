/* SPDX-License-Identifier: MIT */
/* Which tasks belong to a leak or to a group. */
#include <string.h>

#include "core/group.h"
#include "core/stack.h"

static bool same_place(const struct stack *a, const struct stack *b)
{
	const struct frame *one = stack_top_frame(a), *other = stack_top_frame(b);

	if (!one || !other)
		return one == other;
	return one->function == other->function && one->file == other->file &&
	       (one->function ? one->line == other->line
			      : one->address == other->address);
}

bool leak_has(const struct leak *leak, const struct task *task)
{
	return state_info(task->state)->class == state_info(leak->state)->class &&
	       same_place(leak->stack, task->stack) &&
	       same_place(leak->created_by, task->created_by);
}

bool group_has(const struct group *group, const struct task *task)
{
	switch (group->by) {
	case GROUP_STACK:
		return task->stack == group->stack &&
		       (task->stack || task->state == group->state);
	case GROUP_STATE:
		return task->state == group->state;
	case GROUP_CREATOR:
		return group->ancestry == task_more(task)->ancestry &&
		       same_place(group->created_by, task->created_by);
	default:
		for (size_t i = 0; i < task->nr_labels && i < GROUP_LABELS; i++)
			if (strcmp(task->labels[i].key, group->label_key) == 0 &&
			    strcmp(task->labels[i].text, group->label_text) == 0)
				return true;
		return false;
	}
}
