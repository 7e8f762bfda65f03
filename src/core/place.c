/* SPDX-License-Identifier: MIT */
/* Hash table with open addressing. The keys are already hashes. */
#include "core/place.h"

#include <stdlib.h>
#include <string.h>

#define PLACES_FIRST 256u
#define PLACES_MAX   65536u

struct places {
	struct place_history *list;
	size_t capacity; /* a power of two */
	size_t count;
};

struct places *places_new(void)
{
	return calloc(1, sizeof(struct places));
}

void places_free(struct places *places)
{
	if (!places)
		return;
	free(places->list);
	free(places);
}

void places_reset(struct places *places)
{
	if (places->list)
		memset(places->list, 0, places->capacity * sizeof(*places->list));
	places->count = 0;
}

/* key must not be 0. */
static struct place_history *find_slot(struct place_history *list, size_t capacity,
				       uint64_t key)
{
	size_t at = key & (capacity - 1);

	while (list[at].key && list[at].key != key)
		at = (at + 1) & (capacity - 1);
	return &list[at];
}

static void places_grow(struct places *places)
{
	size_t capacity = places->capacity ? places->capacity * 2 : PLACES_FIRST;
	struct place_history *list;

	if (places->count >= PLACES_MAX)
		return;
	list = calloc(capacity, sizeof(*list));
	if (!list)
		return;
	for (size_t i = 0; i < places->capacity; i++)
		if (places->list[i].key)
			*find_slot(list, capacity, places->list[i].key) = places->list[i];
	free(places->list);
	places->list = list;
	places->capacity = capacity;
}

void places_add(struct places *places, uint64_t key, int64_t took_ns)
{
	struct place_history *place;

	if (!key)
		return;
	if ((places->count + 1) * 2 > places->capacity)
		places_grow(places);
	if (places->capacity == 0)
		return;
	place = find_slot(places->list, places->capacity, key);
	if (!place->key) {
		/* At least one slot stays free, so that a search terminates. */
		if ((places->count + 1) * 2 > places->capacity)
			return;
		place->key = key;
		places->count++;
	}
	if (place->count < UINT32_MAX)
		place->count++;
	if (took_ns > place->most_ns)
		place->most_ns = took_ns;
}

const struct place_history *places_find(const struct places *places, uint64_t key)
{
	const struct place_history *place;

	if (!key || places->capacity == 0)
		return NULL;
	place = find_slot(places->list, places->capacity, key);
	return place->key ? place : NULL;
}
