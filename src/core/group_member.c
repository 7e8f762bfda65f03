/* SPDX-License-Identifier: MIT */
/* Finds a task of the previous sample. Most samples have the same tasks in the same
 * order. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "core/group_private.h"

#define LOOK_AHEAD 8u

static bool is_member(const struct member *member, const struct task *task)
{
	return member->id == task->id && member->serial == task->serial &&
	       member->kind == (uint8_t)task->kind;
}

/* Indexes all members of the previous sample. If memory is exhausted, they are treated as
 * new. */
static bool build_index(struct grouping *grouping)
{
	size_t capacity = 64;

	grouping->indexed = true;
	while (capacity < grouping->nr_before * 2)
		capacity *= 2;
	if (capacity != grouping->index_capacity) {
		free(grouping->index);
		grouping->index = malloc(capacity * sizeof(*grouping->index));
		grouping->index_capacity = grouping->index ? capacity : 0;
	}
	if (!grouping->index)
		return false;
	memset(grouping->index, 0xff, capacity * sizeof(*grouping->index));
	for (size_t i = 0; i < grouping->nr_before; i++) {
		const struct member *member = &grouping->before[i];
		size_t at = hash_identity(grouping->seed, member->kind, member->id,
					  member->serial) &
			    (capacity - 1);

		while (grouping->index[at] != GROUP_NONE)
			at = (at + 1) & (capacity - 1);
		grouping->index[at] = (uint32_t)i;
	}
	return true;
}

struct member *group_find_before(struct grouping *grouping, const struct task *task)
{
	size_t mask;

	for (size_t ahead = 0; ahead < LOOK_AHEAD; ahead++) {
		size_t i = grouping->at_before + ahead;

		if (i >= grouping->nr_before)
			break;
		if (is_member(&grouping->before[i], task)) {
			grouping->at_before = i + 1;
			return &grouping->before[i];
		}
	}
	if (grouping->nr_before == 0 || (!grouping->indexed && !build_index(grouping)) ||
	    !grouping->index)
		return NULL;
	mask = grouping->index_capacity - 1;
	for (size_t at =
		     hash_identity(grouping->seed, task->kind, task->id, task->serial) &
		     mask;
	     grouping->index[at] != GROUP_NONE; at = (at + 1) & mask) {
		struct member *member = &grouping->before[grouping->index[at]];

		if (!is_member(member, task))
			continue;
		grouping->at_before = grouping->index[at] + 1;
		return member;
	}
	return NULL;
}
