/* SPDX-License-Identifier: MIT */
/* Caches what is known about addresses. */
#include <stdlib.h>
#include <string.h>

#include "source/symbols/private.h"

#define ENTRIES_MAX 65536u

static uint64_t entry_key(uint64_t address, bool after_call)
{
	return address << 1 | after_call;
}

static bool symbols_known(struct symbols *symbols, uint64_t address, bool after_call)
{
	uint64_t key = entry_key(address, after_call);
	struct symbol_entry *entry;

	HASH_FIND(hh, symbols->entries, &key, sizeof(key), entry);
	return entry != NULL;
}

struct symbol_entry *symbols_entry(struct symbols *symbols, uint64_t address,
				   bool after_call)
{
	uint64_t key = entry_key(address, after_call);
	struct frame frames[SYMBOLS_INLINES_MAX];
	struct symbol_entry *entry;

	HASH_FIND(hh, symbols->entries, &key, sizeof(key), entry);
	/* A module may have been loaded at this address since. */
	if (entry && !(entry->outside && symbols_modules_due(symbols)))
		return entry;
	if (entry)
		symbols_report_modules(symbols);
	if (symbols->nr_entries >= ENTRIES_MAX)
		symbols_entries_release(symbols);
	uint64_t start = 0;
	size_t count = symbols_name(symbols, address, after_call, frames,
				    SYMBOLS_INLINES_MAX, &start);

	entry = calloc(1, sizeof(*entry) + count * sizeof(frames[0]));
	if (!entry)
		return NULL;
	entry->key = key;
	entry->start = start;
	entry->nr_frames = (uint32_t)count;
	memcpy(entry->frames, frames, count * sizeof(frames[0]));
	entry->outside = !symbols_module_at(symbols, address - after_call);
	HASH_ADD(hh, symbols->entries, key, sizeof(entry->key), entry);
	symbols->nr_entries++;
	return entry;
}

size_t symbols_frames(struct symbols *symbols, uint64_t address, bool after_call,
		      struct frame *out, size_t max)
{
	const struct symbol_entry *entry = symbols_entry(symbols, address, after_call);
	size_t count = entry ? entry->nr_frames : 0;

	if (count > max)
		count = max;
	if (count)
		memcpy(out, entry->frames, count * sizeof(*out));
	return count;
}

const struct stack *symbols_site(struct symbols *symbols, uint64_t address)
{
	if (!address)
		return NULL;
	if (!symbols_known(symbols, address, true) && !symbols_time_left(symbols))
		return NULL;
	struct symbol_entry *entry = symbols_entry(symbols, address, true);

	if (!entry)
		return NULL;
	if (!entry->site_made) {
		entry->site = stack_intern(symbols->stacks, entry->frames,
					   entry->nr_frames, true);
		entry->site_made = true;
	}
	return entry->site;
}
