/* SPDX-License-Identifier: MIT */
/* How long waits at a place have taken that ended while the process was watched. */
#ifndef CORE_PLACE_H
#define CORE_PLACE_H

#include <stdint.h>

struct places;

struct place_history {
	uint64_t key;
	uint32_t count;
	int64_t most_ns; /* at most: a wait may have ended some time before it was noticed */
};

struct places *places_new(void);
void places_free(struct places *places);
void places_reset(struct places *places);
/* A wait has ended. Bounded: what there is no room for is not counted. */
void places_add(struct places *places, uint64_t key, int64_t took_ns);
/* NULL: no wait has ended there. Holds until the next call of another function. */
const struct place_history *places_find(const struct places *places, uint64_t key);

#endif
