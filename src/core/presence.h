/* SPDX-License-Identifier: MIT */
/*
 * Which functions of the program's own code were on stacks, or created tasks, in each of
 * the last samples, and in how many of all samples. Bounded: at most PRESENCE_FUNCTIONS
 * are followed, the first that are seen. A stack is examined once; after that, a sample
 * costs a few instructions for each different stack in it.
 */
#ifndef CORE_PRESENCE_H
#define CORE_PRESENCE_H

#include "core/snapshot.h"

#define PRESENCE_FUNCTIONS 2048u
#define PRESENCE_SAMPLES   512u
#define PRESENCE_WORDS     (PRESENCE_FUNCTIONS / 64)
#define PRESENCE_FRAMES    14u /* own functions of one stack; the inner ones are left out */
#define PRESENCE_NONE      UINT16_MAX

/* The own functions of a stack, outermost first; kept by the caller with the stack. */
struct presence_stack {
	uint8_t known;
	uint8_t count;
	uint16_t ids[PRESENCE_FRAMES];
};

struct presence_function {
	const char *name;          /* interned */
	const struct stack *stack; /* the last one that it was seen on */
	uint32_t samples;          /* in which it was present */
	uint32_t runs;             /* series of such samples */
};

struct presence;

struct presence *presence_new(void); /* NULL if memory is exhausted */
void presence_free(struct presence *presence);
void presence_reset(struct presence *presence);

/* Begins the next sample; they are numbered from 1 and in chronological order. */
void presence_begin(struct presence *presence, int64_t time_ns);
/* The stack occurs in this sample. seen is zeroed at first. */
void presence_add(struct presence *presence, struct presence_stack *seen,
		  const struct stack *stack);
void presence_end(struct presence *presence);

uint32_t presence_sample(const struct presence *presence); /* number of the last one */
/* Returns the number of the first sample that is not earlier; 0 if it is too old. */
uint32_t presence_at(const struct presence *presence, int64_t time_ns);
/* Returns the time of one of the last PRESENCE_SAMPLES samples. */
int64_t presence_time(const struct presence *presence, uint32_t sample);
uint32_t presence_functions(const struct presence *presence);
const struct presence_function *presence_function(const struct presence *presence,
						  uint32_t id);
/* Returns PRESENCE_NONE if the function is not followed. */
uint32_t presence_find(const struct presence *presence, const struct frame *frame);
/* Returns the functions that were present, a bit each, or NULL if the sample is too old. */
const uint64_t *presence_bits(const struct presence *presence, uint32_t sample);

#endif
