/* SPDX-License-Identifier: MIT */
/* One record per live task in a dense array, with an open-addressing index. */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/hash.h"
#include "base/huge.h"
#include "core/track_private.h"

#define TRACK_INDEX_FIRST  256u
#define TRACK_RECORD_FIRST 128u

void track_record_release(struct track_record *record)
{
	if (!record->more)
		return;
	free(record->more->ring);
	free(record->more->pause);
	free(record->more);
	record->more = NULL;
}

struct track_more *track_edit(struct track_record *record)
{
	if (!record->more)
		record->more = calloc(1, sizeof(*record->more));
	return record->more;
}

void track_forget_pause(struct track_record *record)
{
	free(record->more->pause);
	record->more->pause = NULL;
}

uint64_t track_hash(const struct track *track, unsigned int kind, uint64_t id,
		    uint64_t serial)
{
	return hash_identity(track->seed, kind, id, serial);
}

bool track_record_is(const struct track_record *record, unsigned int kind, uint64_t id,
		     uint64_t serial)
{
	return record->id == id && record->serial == serial && record->kind == kind;
}

uint32_t track_find(const struct track *track, uint64_t hash, unsigned int kind,
		    uint64_t id, uint64_t serial)
{
	size_t mask = track->index_capacity - 1;

	if (track->index_capacity == 0)
		return TRACK_NONE;
	for (size_t at = hash & mask; track->index[at] != TRACK_NONE;
	     at = (at + 1) & mask) {
		if (track_record_is(&track->records[track->index[at]], kind, id, serial))
			return track->index[at];
	}
	return TRACK_NONE;
}

static void track_insert(struct track *track, uint32_t number)
{
	const struct track_record *record = &track->records[number];
	size_t mask = track->index_capacity - 1;
	size_t at = track_hash(track, record->kind, record->id, record->serial) & mask;

	while (track->index[at] != TRACK_NONE)
		at = (at + 1) & mask;
	track->index[at] = number;
}

/* Rebuilds the index with this many entries, which is a power of two. */
static int track_reindex(struct track *track, size_t capacity)
{
	if (capacity != track->index_capacity) {
		uint32_t *index = malloc(capacity * sizeof(*index));

		if (!index)
			return ERR_NOMEM;
		free(track->index);
		huge_hint(index, capacity * sizeof(*index));
		track->index = index;
		track->index_capacity = capacity;
	}
	memset(track->index, 0xff, capacity * sizeof(*track->index));
	for (size_t i = 0; i < track->nr_records; i++)
		track_insert(track, (uint32_t)i);
	return 0;
}

void track_expect(struct track *track, size_t nr_tasks)
{
	size_t capacity = TRACK_INDEX_FIRST;

	while (capacity < nr_tasks * 2)
		capacity *= 2;
	if (track->cap_records > 0)
		(void)array_reserve(&track->records, &track->cap_records, nr_tasks);
	else if (nr_tasks > 0 &&
		 array_reserve_lines(&track->records, &track->cap_records, nr_tasks))
		fill_begin(&track->fill, track->records,
			   nr_tasks * sizeof(*track->records));
	if (capacity > track->index_capacity)
		track_reindex(track, capacity);
}

struct track_record *track_add(struct track *track, const struct task *task)
{
	struct track_record *record;

	if (!array_reserve(&track->records, &track->cap_records, track->nr_records + 1))
		return NULL;
	/* The index is at most half full. */
	if ((track->nr_records + 1) * 2 > track->index_capacity &&
	    track_reindex(track, track->index_capacity ? track->index_capacity * 2
						       : TRACK_INDEX_FIRST) < 0)
		return NULL;
	record = &track->records[track->nr_records];
	memset(record, 0, sizeof(*record));
	record->id = task->id;
	record->serial = task->serial;
	record->kind = task->kind & 15;
	track_insert(track, (uint32_t)track->nr_records++);
	return record;
}

/* Returns memory after a peak. What cannot be shrunk is kept. */
static void track_shrink(struct track *track)
{
	size_t capacity = track->cap_records, entries = TRACK_INDEX_FIRST;

	while (capacity > TRACK_RECORD_FIRST && track->nr_records < capacity / 8)
		capacity /= 2;
	if (capacity == track->cap_records)
		return;
	(void)array_resize(&track->records, &track->cap_records, capacity);
	/* The number of records is arbitrary, that of index entries a power of two. */
	while (entries < capacity * 2)
		entries *= 2;
	if (entries >= track->index_capacity)
		return;
	(void)array_resize(&track->index, &track->index_capacity, entries);
}

void track_sweep(struct track *track)
{
	size_t kept = 0;

	if (track->nr_seen == track->nr_records)
		return;
	for (size_t i = 0; i < track->nr_records; i++) {
		if (track->records[i].sample != track->sample) {
			track_record_release(&track->records[i]);
			continue;
		}
		if (kept != i)
			track->records[kept] = track->records[i];
		kept++;
	}
	if (kept == track->nr_records)
		return;
	track->nr_records = track->nr_seen = kept;
	track_shrink(track);
	/* The size does not change, so this cannot fail. */
	track_reindex(track, track->index_capacity);
}
