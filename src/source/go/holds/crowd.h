/* SPDX-License-Identifier: MIT */
/*
 * A sample of other goroutines and what they reach. What most of them reach too says
 * little about one of them. Kept from look to look; only those that have run since are
 * walked again.
 */
#ifndef SOURCE_GO_HOLDS_CROWD_H
#define SOURCE_GO_HOLDS_CROWD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "source/go/sample.h"

#define GO_CROWD_MAX 24u /* at most 64 */

struct go_crowd_member {
	size_t at;        /* index in the sampler's entries */
	uint64_t address; /* of the g */
	uint64_t goid;
	uint64_t hash;  /* as of the sampler when it was walked; 0: to be walked */
	uint64_t group; /* goroutines with the same stack and creator */
	uint64_t *keys; /* of what it reaches; owned */
	size_t nr_keys;
};

struct go_crowd_key {
	uint64_t key;     /* 0 if the slot is free */
	uint64_t members; /* one bit for each that reaches it */
};

struct go_crowd {
	struct go_crowd_member members[GO_CROWD_MAX];
	size_t nr;
	struct go_crowd_key *table; /* open addressing */
	size_t cap_table;
	uint64_t seed; /* of all keys, in every look */
	bool changed;
};

void go_crowd_init(struct go_crowd *crowd);
void go_crowd_release(struct go_crowd *crowd);
/* The group of a goroutine. */
uint64_t go_crowd_group(const struct go_entry *entry);
/* Chooses the members for this look: those of the last one that are still there, then
 * others, few of each group. Those that are to be walked have hash 0. */
void go_crowd_choose(struct go_crowd *crowd, const struct go_sampler *sampler);
/* Takes what a member reaches; keys is copied. */
void go_crowd_set(struct go_crowd *crowd, size_t member, uint64_t hash,
		  const uint64_t *keys, size_t nr_keys);
/* Call when all members have been walked, before the next two. */
void go_crowd_finish(struct go_crowd *crowd);
/* Returns the members that are not of this group, as bits, and how many of them reach
 * the key. */
uint64_t go_crowd_others(const struct go_crowd *crowd, uint64_t group);
uint32_t go_crowd_count(const struct go_crowd *crowd, uint64_t key, uint64_t among);

#endif
