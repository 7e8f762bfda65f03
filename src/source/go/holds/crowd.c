/* SPDX-License-Identifier: MIT */
/* See crowd.h. */
#include "source/go/holds/crowd.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define PER_GROUP 3u    /* members, if there are not enough groups */
#define KEYS_MAX  2048u /* of one member */
#define LOOKED_AT 4096u /* entries, to find members */

static void forget_member(struct go_crowd_member *member)
{
	free(member->keys);
	memset(member, 0, sizeof(*member));
}

void go_crowd_init(struct go_crowd *crowd)
{
	memset(crowd, 0, sizeof(*crowd));
	crowd->seed = hash_seed();
}

void go_crowd_release(struct go_crowd *crowd)
{
	for (size_t i = 0; i < crowd->nr; i++)
		forget_member(&crowd->members[i]);
	free(crowd->table);
	memset(crowd, 0, sizeof(*crowd));
}

uint64_t go_crowd_group(const struct go_entry *entry)
{
	return hash_mix((uintptr_t)entry->stack, (uintptr_t)entry->created_by) | 1;
}

static bool may_be_member(const struct go_sampler *sampler, const struct go_entry *entry)
{
	return entry->live && !entry->system && !entry->suspect &&
	       go_sampler_hash(sampler, entry) && entry->status != GO_STATUS_RUNNING;
}

/* Keeps the members that are still there. */
static void keep_members(struct go_crowd *crowd, const struct go_sampler *sampler)
{
	size_t kept = 0;

	for (size_t i = 0; i < crowd->nr; i++) {
		struct go_crowd_member *member = &crowd->members[i];
		const struct go_entry *entry = member->at < sampler->nr_entries
						       ? &sampler->entries[member->at]
						       : NULL;

		if (!entry || sampler->addresses[member->at] != member->address ||
		    entry->goid != member->goid || !may_be_member(sampler, entry)) {
			forget_member(member);
			crowd->changed = true;
			continue;
		}
		if (member->hash != go_sampler_hash(sampler, entry))
			member->hash = 0;
		member->group = go_crowd_group(entry);
		if (kept != i) {
			crowd->members[kept] = *member;
			memset(member, 0, sizeof(*member));
		}
		kept++;
	}
	crowd->nr = kept;
}

static bool is_member(const struct go_crowd *crowd, uint64_t address)
{
	for (size_t i = 0; i < crowd->nr; i++)
		if (crowd->members[i].address == address)
			return true;
	return false;
}

static uint32_t count_group(const struct go_crowd *crowd, uint64_t group)
{
	uint32_t count = 0;

	for (size_t i = 0; i < crowd->nr; i++)
		count += crowd->members[i].group == group;
	return count;
}

/* Adds goroutines of groups that have at most `most` members so far. */
static void add_members(struct go_crowd *crowd, const struct go_sampler *sampler,
			uint32_t most)
{
	size_t stride = sampler->nr_entries / LOOKED_AT + 1;
	uint64_t full = 0; /* a group that has enough members */

	for (size_t i = most % stride;
	     i < sampler->nr_entries && crowd->nr < GO_CROWD_MAX; i += stride) {
		const struct go_entry *entry = &sampler->entries[i];
		uint64_t group;

		if (!may_be_member(sampler, entry))
			continue;
		group = go_crowd_group(entry);
		if (group == full || is_member(crowd, sampler->addresses[i]))
			continue;
		if (count_group(crowd, group) > most) {
			full = group;
			continue;
		}
		crowd->members[crowd->nr++] =
			(struct go_crowd_member){.at = i,
						 .address = sampler->addresses[i],
						 .goid = entry->goid,
						 .group = group};
	}
}

void go_crowd_choose(struct go_crowd *crowd, const struct go_sampler *sampler)
{
	keep_members(crowd, sampler);
	for (uint32_t most = 0; most < PER_GROUP; most++)
		add_members(crowd, sampler, most);
}

void go_crowd_set(struct go_crowd *crowd, size_t member, uint64_t hash,
		  const uint64_t *keys, size_t nr_keys)
{
	struct go_crowd_member *to = &crowd->members[member];

	nr_keys = nr_keys < KEYS_MAX ? nr_keys : KEYS_MAX;
	free(to->keys);
	to->nr_keys = 0;
	to->keys = malloc((nr_keys + 1) * sizeof(*keys));
	if (to->keys && nr_keys > 0)
		memcpy(to->keys, keys, nr_keys * sizeof(*keys));
	if (to->keys)
		to->nr_keys = nr_keys;
	to->hash = hash;
	crowd->changed = true;
}

static struct go_crowd_key *key_slot(const struct go_crowd *crowd, uint64_t key)
{
	size_t at = hash_mix(key, crowd->seed) & (crowd->cap_table - 1);

	while (crowd->table[at].key && crowd->table[at].key != key)
		at = (at + 1) & (crowd->cap_table - 1);
	return &crowd->table[at];
}

void go_crowd_finish(struct go_crowd *crowd)
{
	size_t nr = 0, capacity = 1024;

	if (!crowd->changed)
		return;
	crowd->changed = false;
	for (size_t i = 0; i < crowd->nr; i++)
		nr += crowd->members[i].nr_keys;
	while (capacity < nr * 2)
		capacity *= 2;
	if (capacity > crowd->cap_table) {
		free(crowd->table);
		crowd->table = malloc(capacity * sizeof(*crowd->table));
		crowd->cap_table = crowd->table ? capacity : 0;
	}
	if (!crowd->table)
		return;
	memset(crowd->table, 0, crowd->cap_table * sizeof(*crowd->table));
	for (size_t i = 0; i < crowd->nr; i++)
		for (size_t k = 0; k < crowd->members[i].nr_keys; k++) {
			struct go_crowd_key *slot =
				key_slot(crowd, crowd->members[i].keys[k]);

			slot->key = crowd->members[i].keys[k];
			slot->members |= 1ull << i;
		}
}

uint64_t go_crowd_others(const struct go_crowd *crowd, uint64_t group)
{
	uint64_t others = 0;

	for (size_t i = 0; i < crowd->nr; i++)
		if (crowd->members[i].group != group && crowd->members[i].keys)
			others |= 1ull << i;
	return others;
}

uint32_t go_crowd_count(const struct go_crowd *crowd, uint64_t key, uint64_t among)
{
	if (!crowd->table)
		return 0;
	return (uint32_t)__builtin_popcountll(key_slot(crowd, key)->members & among);
}
