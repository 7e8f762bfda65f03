/* SPDX-License-Identifier: MIT */
/* Entries by key. There are at most GROUPS_MAX, and those that have been empty for a
 * while are reused. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "core/group_private.h"

#define INDEX_MASK (GROUPS_MAX * 2 - 1)

void entry_table_init(struct entry_table *table)
{
	memset(table, 0, sizeof(*table));
	memset(table->index, 0xff, sizeof(table->index));
}

static void entry_free(struct entry *entry)
{
	if (!entry)
		return;
	growth_free(entry->growth);
	free(entry->trend);
	free(entry);
}

void entry_table_release(struct entry_table *table)
{
	for (uint32_t i = 0; i < table->count; i++)
		entry_free(table->list[i]);
	entry_table_init(table);
}

static void index_put(struct entry_table *table, uint64_t hash, uint32_t number)
{
	uint32_t at = hash & INDEX_MASK;

	while (table->index[at] != GROUP_NONE)
		at = (at + 1) & INDEX_MASK;
	table->index[at] = number;
}

/* Removes entries that have been seen neither in this sample nor in the previous one. */
static void make_room(struct grouping *grouping, struct entry_table *table)
{
	uint32_t sample = grouping->sample;

	table->swept = sample;
	memset(table->index, 0xff, sizeof(table->index));
	for (uint32_t i = 0; i < table->count; i++) {
		struct entry *entry = table->list[i];

		if (entry && sample - entry->sample > 1) {
			group_growth_drop(grouping, entry);
			entry_free(entry);
			table->list[i] = entry = NULL;
			table->nr_free++;
		}
		if (entry)
			index_put(table, entry->hash, i);
	}
}

static uint32_t free_place(struct entry_table *table)
{
	for (uint32_t i = 0; table->nr_free > 0 && i < table->count; i++)
		if (!table->list[i]) {
			table->nr_free--;
			return i;
		}
	return table->count < GROUPS_MAX ? table->count++ : GROUP_NONE;
}

static struct entry *entry_new(bool site)
{
	struct entry *entry = calloc(1, sizeof(*entry));

	if (!entry)
		return NULL;
	trend_ring_init(&entry->ring, 0);
	if (site) {
		entry->trend = malloc(sizeof(*entry->trend));
		if (!entry->trend) {
			free(entry);
			return NULL;
		}
		trend_init(entry->trend);
	}
	return entry;
}

uint32_t entry_find(struct grouping *grouping, struct entry_table *table,
		    const struct group_key *key, bool site)
{
	uint64_t hash = hash_bytes(grouping->seed, key, sizeof(*key));
	struct entry *entry;
	uint32_t number;

	for (uint32_t at = hash & INDEX_MASK; table->index[at] != GROUP_NONE;
	     at = (at + 1) & INDEX_MASK) {
		entry = table->list[table->index[at]];
		if (entry->hash != hash || memcmp(&entry->key, key, sizeof(*key)) != 0)
			continue;
		/* The caller will refer to the entry, so it must not be removed in this
		 * sample. */
		entry->sample = grouping->sample;
		return table->index[at];
	}
	/* At most once per sample: if a sample is too large for the table, it must not be
	 * searched each time. */
	if (table->count == GROUPS_MAX && table->nr_free == 0 &&
	    table->swept != grouping->sample)
		make_room(grouping, table);
	number = free_place(table);
	if (number == GROUP_NONE)
		return GROUP_NONE;
	entry = entry_new(site);
	table->list[number] = entry;
	if (!entry) {
		table->nr_free++;
		return GROUP_NONE;
	}
	entry->key = *key;
	entry->hash = hash;
	entry->serial = ++grouping->next_serial;
	entry->sample = grouping->sample;
	index_put(table, hash, number);
	return number;
}

void entry_begin_sample(struct entry_table *table)
{
	table->others = 0;
	for (uint32_t i = 0; i < table->count; i++) {
		struct entry *entry = table->list[i];

		if (!entry)
			continue;
		entry->count = entry->stuck = entry->is_long = 0;
		entry->word = 0;
		entry->word_ns = 0;
		entry->came = entry->left = 0;
		memset(&entry->elders, 0, sizeof(entry->elders));
		entry->since_ns = entry->joined_ns = 0;
		entry->mixed_stacks = entry->mixed_creators = entry->mixed_states = false;
		entry->proofs = entry->proven = 0;
		entry->leaks = 0;
		memset(entry->arrived, 0, sizeof(entry->arrived));
	}
}
