/* SPDX-License-Identifier: MIT */
/*
 * When a group grew, and what ran then. Samples in a row in which tasks arrive are one
 * step; tasks count as arrived in the sample in which they were first seen. For each step,
 * the functions that were on stacks when it began are counted, in the sample before or in
 * the first one of the step, because a job may end between two samples.
 *
 * A function is suspect if it ran at more of the steps than chance explains: it is
 * compared with how often it is on stacks at all. One that is always there says nothing,
 * and steps during one run of it count as one. Two groups grow in step if their steps
 * coincide and are proportional, or if their tasks have the same creators or objects.
 */
#ifndef CORE_GROWTH_H
#define CORE_GROWTH_H

#include "core/presence.h"

#define GROWTH_STEPS    32u /* the last ones that are kept */
#define GROWTH_ADDED    64u /* samples whose arrivals are kept */
#define GROWTH_SKETCH   32u
#define GROWTH_SUSPECTS 3u

/* A function of the program's own that ran when a group grew. */
struct suspect {
	const struct frame
		*frame; /* where it was, and the innermost own frame below it */
	const struct frame *inner; /* NULL if that is the same */
	uint32_t steps;            /* at which it ran */
	uint32_t otherwise;        /* other samples in which it ran */
};

/* What ran when a group grew. */
struct suspects {
	uint32_t functions; /* that are followed; 0 if there is nothing to say */
	uint32_t steps;
	uint32_t otherwise; /* samples that were not in a step */
	uint32_t count;     /* 0 if no function stands out */
	/* the most striking one first; the others are as good as it */
	struct suspect list[GROWTH_SUSPECTS];
};

struct growth;

struct growth *growth_new(void); /* NULL if memory is exhausted */
void growth_free(struct growth *growth);
/* size tasks that were first seen in this sample have stayed. */
void growth_add(struct growth *growth, const struct presence *presence, uint32_t sample,
		uint32_t size);
/* size tasks that were first seen in this sample have left again. */
void growth_remove(struct growth *growth, uint32_t sample, uint32_t size);
/* One of these tasks: what it shares with tasks of other groups. */
void growth_note(struct growth *growth, const struct task *task);
uint32_t growth_steps(const struct growth *growth);
/* What tasks of a group have on their stacks, and what has created them. */
struct growth_own {
	const struct stack *stack, *created_by; /* or NULL */
};

/* What is on the stacks of the group itself, or of those that grow in step with it, also
 * runs when it grows, and is not suspect: own are these. */
void growth_suspects(struct growth *growth, const struct presence *presence,
		     const struct growth_own *own, size_t nr_own, struct suspects *out);

/* How two groups are related. */
struct growth_relation {
	bool together;
	uint32_t steps;         /* that coincide; 0 if it follows from what they share */
	bool creators, objects; /* what they share */
	bool pace;              /* only a constant pace */
};

/* Notes in both whether they grow in step. Once they do, they are only parted if their
 * steps clearly differ. The serials identify them. */
void growth_meet(struct growth *a, uint64_t serial_a, struct growth *b, uint64_t serial_b,
		 const struct presence *presence, uint32_t settled, bool alike);
/* Returns whether it grows in step with the other one, and how they are related; out may
 * be NULL. */
bool growth_met(const struct growth *growth, uint64_t serial,
		struct growth_relation *out);

/* settled: the last sample whose arrivals have been counted. alike: the same constant pace
 * is enough. Returns together. */
bool growth_relate(const struct growth *a, const struct growth *b,
		   const struct presence *presence, uint32_t settled, bool alike,
		   struct growth_relation *out);

#endif
