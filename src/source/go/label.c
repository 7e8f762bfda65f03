/* SPDX-License-Identifier: MIT */
/* Since Go 1.24 a label set is a slice of key and value strings. Before, it is a map of
 * the runtime, of which at most eight buckets are read. */
#include "source/go/label.h"

#include <stdlib.h>

#include "base/hash.h"

#define SETS_FIRST   64u
#define SETS_MAX     (1u << 20)
#define TEXT_MAX     256u
#define BUCKET_SLOTS 8u
#define BUCKET_WORDS 34u /* 8 bytes of hashes, 8 keys, 8 values, overflow */
#define BUCKETS_MAX  8u

void go_labels_init(struct go_labels *labels, unsigned minor)
{
	memset(labels, 0, sizeof(*labels));
	labels->seed = hash_seed();
	labels->as_list = minor == 0 || minor >= 24;
}

void go_labels_release(struct go_labels *labels)
{
	free(labels->sets);
	labels->sets = NULL;
	labels->capacity = labels->nr = 0;
}

void go_labels_begin(struct go_labels *labels)
{
	if (labels->nr > 0)
		memset(labels->sets, 0, labels->capacity * sizeof(*labels->sets));
	labels->nr = 0;
}

/* header is a Go string. Returns NULL if it cannot be read or is implausibly long. */
static const char *read_text(struct memory *mem, const uint64_t header[2],
			     struct arena *arena)
{
	char text[TEXT_MAX];
	uint64_t length = header[1];

	if (length == 0)
		return "";
	if (length > 1u << 20)
		return NULL;
	if (length > sizeof(text))
		length = sizeof(text);
	if (!memory_read(mem, header[0], text, length))
		return NULL;
	return arena_strndup(arena, text, length);
}

static void add_label(struct label *list, size_t *nr, struct memory *mem,
		      const uint64_t key[2], const uint64_t value[2], struct arena *arena)
{
	struct label label = {read_text(mem, key, arena), read_text(mem, value, arena)};

	if (*nr < SNAPSHOT_LABELS_MAX && label.key && label.text)
		list[(*nr)++] = label;
}

static size_t read_list(struct memory *mem, uint64_t address, struct label *list,
			struct arena *arena)
{
	uint64_t slice[3], words[SNAPSHOT_LABELS_MAX * 4];
	size_t nr = 0;

	if (!memory_read(mem, address, slice, sizeof(slice)) || slice[1] > slice[2] ||
	    slice[1] == 0 || slice[2] > 1u << 16)
		return 0;
	if (slice[1] > SNAPSHOT_LABELS_MAX)
		slice[1] = SNAPSHOT_LABELS_MAX;
	if (!memory_read(mem, slice[0], words, slice[1] * 32))
		return 0;
	for (size_t i = 0; i < slice[1]; i++)
		add_label(list, &nr, mem, words + i * 4, words + i * 4 + 2, arena);
	return nr;
}

static size_t read_map(struct memory *mem, uint64_t address, struct label *list,
		       struct arena *arena)
{
	uint64_t map, header[3], words[BUCKET_WORDS];
	size_t nr = 0, buckets;

	if (!memory_read(mem, address, &map, 8) || !map ||
	    !memory_read(mem, map, header, sizeof(header)) || header[0] == 0 ||
	    header[0] > 1u << 16)
		return 0;
	buckets = (size_t)1 << (header[1] >> 8 & 7);
	for (size_t i = 0, read = 0; i < buckets && read < BUCKETS_MAX; i++) {
		uint64_t bucket = header[2] + i * sizeof(words);

		for (; bucket && read < BUCKETS_MAX;
		     bucket = words[BUCKET_WORDS - 1], read++) {
			if (!memory_read(mem, bucket, words, sizeof(words)))
				return nr;
			for (size_t slot = 0; slot < BUCKET_SLOTS; slot++)
				/* Smaller values mark an empty slot. */
				if (((const uint8_t *)words)[slot] >= 5)
					add_label(list, &nr, mem, words + 1 + slot * 2,
						  words + 17 + slot * 2, arena);
		}
	}
	return nr;
}

static void grow_sets(struct go_labels *labels)
{
	size_t capacity = labels->capacity ? labels->capacity * 2 : SETS_FIRST;
	struct go_label_set *sets =
		capacity > SETS_MAX ? NULL : calloc(capacity, sizeof(*sets));

	if (!sets)
		return;
	for (size_t i = 0; i < labels->capacity; i++) {
		size_t at =
			hash_mix(labels->sets[i].address, labels->seed) & (capacity - 1);

		if (!labels->sets[i].address)
			continue;
		while (sets[at].address)
			at = (at + 1) & (capacity - 1);
		sets[at] = labels->sets[i];
	}
	free(labels->sets);
	labels->sets = sets;
	labels->capacity = capacity;
}

const struct label *go_labels_get(struct go_labels *labels, struct memory *mem,
				  uint64_t address, struct snapshot *out, size_t *nr)
{
	struct label list[SNAPSHOT_LABELS_MAX], *copy = NULL;
	size_t at;

	*nr = 0;
	if (labels->nr >= labels->capacity / 4 * 3)
		grow_sets(labels);
	if (!address || labels->nr >= labels->capacity / 4 * 3)
		return NULL;
	at = hash_mix(address, labels->seed) & (labels->capacity - 1);
	while (labels->sets[at].address && labels->sets[at].address != address)
		at = (at + 1) & (labels->capacity - 1);
	if (labels->sets[at].address) {
		*nr = labels->sets[at].nr;
		return labels->sets[at].labels;
	}
	*nr = labels->as_list ? read_list(mem, address, list, &out->arena)
			      : read_map(mem, address, list, &out->arena);
	if (*nr > 0)
		copy = arena_alloc(&out->arena, *nr * sizeof(*copy));
	if (copy)
		memcpy(copy, list, *nr * sizeof(*copy));
	else
		*nr = 0;
	labels->sets[at] = (struct go_label_set){address, copy, *nr};
	labels->nr++;
	return copy;
}
