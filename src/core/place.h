/* SPDX-License-Identifier: MIT */
/* The duration of waits at a place that ended while the process was observed. */
#ifndef CORE_PLACE_H
#define CORE_PLACE_H

#include <stdint.h>

struct places;

struct place_history {
	uint64_t key;
	uint32_t count;
	/* an upper bound, because a wait may have ended some time before that was
	 * noticed */
	int64_t most_ns;
};

struct places *places_new(void);
void places_free(struct places *places);
void places_reset(struct places *places);
/* Records that a wait has ended. Bounded: waits at places for which there is no room are
 * not counted. */
void places_add(struct places *places, uint64_t key, int64_t took_ns);
/* Returns NULL if no wait has ended there. Valid until the next call of another
 * function. */
const struct place_history *places_find(const struct places *places, uint64_t key);

#endif
