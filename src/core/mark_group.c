/* SPDX-License-Identifier: MIT */
/* Compares groups with a mark. They are identified by their properties, not by their
 * serial, which starts over with another source or an earlier sample of a recording. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "core/mark.h"

#define NONE UINT32_MAX

struct group_identity group_identify(const struct group *group)
{
	const struct frame *frame;
	struct group_identity identity = {0};

	switch (group->by) {
	case GROUP_STACK:
		identity.text[0] = group->stack;
		identity.number[0] = group->stack ? 0 : 1 + (uint64_t)group->state;
		break;
	case GROUP_CREATOR:
		identity.number[1] = (uintptr_t)group->ancestry;
		frame = stack_top_frame(group->created_by);
		if (!frame)
			break;
		identity.text[0] = frame->function;
		identity.text[1] = frame->file;
		identity.number[0] =
			frame->function ? (uint64_t)frame->line : frame->address;
		break;
	case GROUP_STATE:
		identity.number[0] = group->state;
		break;
	default:
		/* Each snapshot has its own texts. */
		identity.number[0] =
			hash_bytes(1, group->label_key, strlen(group->label_key));
		identity.number[1] =
			hash_bytes(2, group->label_text, strlen(group->label_text));
		break;
	}
	return identity;
}

bool group_identity_same(const struct group_identity *a, const struct group_identity *b)
{
	return a->text[0] == b->text[0] && a->text[1] == b->text[1] &&
	       a->number[0] == b->number[0] && a->number[1] == b->number[1];
}

const struct group *groups_find(const struct groups *groups, enum group_by by,
				const struct group_identity *identity)
{
	for (size_t i = 0; groups && i < groups->count[by]; i++) {
		const struct group *group = &groups->list[by][i];
		struct group_identity own = group_identify(group);

		if (group->count > 0 && group_identity_same(&own, identity))
			return group;
	}
	return NULL;
}

const struct group *mark_group(const struct mark *mark, enum group_by by,
			       const struct group_identity *identity)
{
	for (size_t i = 0; i < mark->nr_groups[by]; i++)
		if (group_identity_same(&mark->groups[by][i].identity, identity))
			return &mark->groups[by][i].group;
	return NULL;
}

static uint64_t hash_group_identity(const struct group_identity *identity)
{
	return hash_mix(
		hash_mix((uintptr_t)identity->text[0], (uintptr_t)identity->text[1]),
		identity->number[0] ^ identity->number[1]);
}

/* Indexes the groups of a mark. Returns NULL if there is no memory. */
static uint32_t *index_groups(const struct mark *mark, enum group_by by, size_t *mask)
{
	size_t capacity = 64;
	uint32_t *index;

	while (capacity < mark->nr_groups[by] * 2)
		capacity *= 2;
	index = malloc(capacity * sizeof(*index));
	if (!index)
		return NULL;
	memset(index, 0xff, capacity * sizeof(*index));
	*mask = capacity - 1;
	for (size_t i = 0; i < mark->nr_groups[by]; i++) {
		size_t at = hash_group_identity(&mark->groups[by][i].identity) & *mask;

		while (index[at] != NONE)
			at = (at + 1) & *mask;
		index[at] = (uint32_t)i;
	}
	return index;
}

static uint32_t find_group(const struct mark *mark, enum group_by by,
			   const uint32_t *index, size_t mask, const struct group *group)
{
	struct group_identity identity = group_identify(group);

	for (size_t at = hash_group_identity(&identity) & mask; index[at] != NONE;
	     at = (at + 1) & mask)
		if (group_identity_same(&identity, &mark->groups[by][index[at]].identity))
			return index[at];
	return NONE;
}

static enum change change_of(const struct group *group, const struct group *before)
{
	if (!before)
		return CHANGE_NEW;
	if (group->count == 0)
		return CHANGE_GONE;
	return group->count > before->count   ? CHANGE_GROWN
	       : group->count < before->count ? CHANGE_SHRUNK
					      : CHANGE_NONE;
}

size_t mark_compare_groups(const struct mark *mark, const struct groups *groups,
			   enum group_by by, struct group_change *out)
{
	size_t kept = 0, mask = 0;
	uint32_t *index = mark ? index_groups(mark, by, &mask) : NULL;
	bool *seen = index ? calloc(mark->nr_groups[by] + 1, sizeof(*seen)) : NULL;

	for (size_t i = 0; i < groups->count[by]; i++) {
		const struct group *group = &groups->list[by][i], *before = NULL;
		uint32_t found = seen ? find_group(mark, by, index, mask, group) : NONE;

		if (found != NONE) {
			before = &mark->groups[by][found].group;
			seen[found] = true;
		}
		if (!before && group->count == 0)
			continue; /* has come and gone in between */
		out[kept++] = (struct group_change){
			.group = group,
			.change = seen ? change_of(group, before) : CHANGE_NONE,
			.difference = seen ? (int64_t)group->count -
						      (before ? before->count : 0)
					   : 0,
		};
	}
	for (size_t i = 0; seen && i < mark->nr_groups[by]; i++) {
		const struct group *before = &mark->groups[by][i].group;

		if (!seen[i])
			out[kept++] = (struct group_change){before, CHANGE_GONE,
							    -(int64_t)before->count};
	}
	free(seen);
	free(index);
	return kept;
}
