/* SPDX-License-Identifier: MIT */
/* Hash table with open addressing over texts in an arena. It grows by doubling and never
 * shrinks. */
#include "base/intern.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/hash.h"

#define INTERN_CAPACITY_FIRST 1024u

const char intern_overflow[] = "(too many names)";

struct intern_entry {
	uint64_t hash;
	const char *text; /* NULL if the entry is free */
};

struct intern {
	struct intern_entry *entries;
	size_t capacity; /* a power of two */
	size_t count;
	size_t max_bytes;
	uint64_t seed;
	struct arena arena;
};

struct intern *intern_new(size_t max_bytes)
{
	struct intern *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->entries = calloc(INTERN_CAPACITY_FIRST, sizeof(*table->entries));
	if (!table->entries) {
		free(table);
		return NULL;
	}
	table->capacity = INTERN_CAPACITY_FIRST;
	table->max_bytes = max_bytes;
	table->seed = hash_seed();
	arena_init(&table->arena, 0);
	return table;
}

void intern_free(struct intern *table)
{
	if (!table)
		return;
	arena_release(&table->arena);
	free(table->entries);
	free(table);
}

/* Counts all memory of the table, so max_bytes also limits a large number of short
 * texts. */
size_t intern_bytes(const struct intern *table)
{
	return table->arena.used_bytes + table->count * sizeof(struct intern_entry);
}

/* Returns the entry that holds the text, or the free entry where it belongs. */
static struct intern_entry *intern_find(struct intern_entry *entries, size_t capacity,
					uint64_t hash, const char *text, size_t bytes)
{
	size_t at = hash & (capacity - 1);

	for (;; at = (at + 1) & (capacity - 1)) {
		struct intern_entry *entry = &entries[at];

		if (!entry->text)
			return entry;
		if (entry->hash == hash && strncmp(entry->text, text, bytes) == 0 &&
		    entry->text[bytes] == '\0')
			return entry;
	}
}

static int intern_grow(struct intern *table)
{
	size_t capacity = table->capacity * 2;
	struct intern_entry *entries = calloc(capacity, sizeof(*entries));

	if (!entries)
		return -1;
	for (size_t i = 0; i < table->capacity; i++) {
		const struct intern_entry *old = &table->entries[i];
		size_t at = old->hash & (capacity - 1);

		if (!old->text)
			continue;
		while (entries[at].text)
			at = (at + 1) & (capacity - 1);
		entries[at] = *old;
	}
	free(table->entries);
	table->entries = entries;
	table->capacity = capacity;
	return 0;
}

const char *intern_text(struct intern *table, const char *text, size_t bytes)
{
	struct intern_entry *entry;
	uint64_t hash;
	char *copy;

	bytes = text ? strnlen(text, bytes) : 0;
	if (!text)
		text = "";
	hash = hash_bytes(table->seed, text, bytes);
	entry = intern_find(table->entries, table->capacity, hash, text, bytes);
	if (entry->text)
		return entry->text;

	if (bytes > table->max_bytes || intern_bytes(table) > table->max_bytes - bytes)
		return intern_overflow;
	if (table->count + 1 > table->capacity / 4 * 3) {
		if (intern_grow(table) < 0)
			return intern_overflow;
		entry = intern_find(table->entries, table->capacity, hash, text, bytes);
	}
	copy = arena_strndup(&table->arena, text, bytes);
	if (!copy)
		return intern_overflow;
	entry->hash = hash;
	entry->text = copy;
	table->count++;
	return copy;
}
