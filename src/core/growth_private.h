/* SPDX-License-Identifier: MIT */
/* Shared by the growth*.c files. */
#ifndef CORE_GROWTH_PRIVATE_H
#define CORE_GROWTH_PRIVATE_H

#include "core/growth.h"

#define GROWTH_RESTS 2u /* samples without an arrival that end a step */

/* Numbers of samples. */
struct growth_step {
	uint32_t first, last;
	uint32_t size; /* 0 if all that came in it have left again: it does not count */
	/* The functions that ran when it began, and those during the same run as at the
	 * step before; a bit each. */
	uint64_t ran[PRESENCE_WORDS], same[PRESENCE_WORDS];
};

struct growth_added {
	uint32_t sample, size;
};

/* The smallest of all hashes that were seen, in order: those of two sets that overlap are
 * alike, however many there are. */
struct growth_sketch {
	uint32_t count;
	uint64_t list[GROWTH_SKETCH];
};

#define GROWTH_MATES 8u

struct growth_mate {
	uint64_t serial; /* 0 if unused */
	struct growth_relation relation;
};

struct growth {
	uint32_t nr_steps;
	uint32_t nr_void;                       /* of these, that do not count */
	uint64_t total;                         /* tasks that came and stay */
	struct growth_mate mates[GROWTH_MATES]; /* that grow in step with it */
	/* The last judgement, and when it was made. */
	uint32_t nr_suspects, judged_steps, judged_sample;
	uint16_t suspects[GROWTH_SUSPECTS];
	struct growth_step steps[GROWTH_STEPS];  /* ring */
	struct growth_added added[GROWTH_ADDED]; /* ring */
	struct growth_sketch ids, creators, objects;
	uint32_t inside_samples; /* in a step, or before its first one */
	/* For each function: the steps at which it ran, those during the same run of it as
	 * the step before, and the samples in steps that have it. */
	uint32_t hits[PRESENCE_FUNCTIONS];
	uint32_t same_run[PRESENCE_FUNCTIONS];
	uint32_t inside[PRESENCE_FUNCTIONS];
};

static inline struct growth_step *growth_step_at(struct growth *growth, uint32_t number)
{
	return &growth->steps[number % GROWTH_STEPS];
}

static inline const struct growth_step *growth_step(const struct growth *growth,
						    uint32_t number)
{
	return &growth->steps[number % GROWTH_STEPS];
}

#endif
