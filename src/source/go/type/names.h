/* SPDX-License-Identifier: MIT */
/* Finds type descriptors by their names. To Go 1.26 the linker lists those of types
 * without a name, such as pointers, in the order of their names; since 1.27 all
 * descriptors follow each other. These, and those that are not listed, are indexed here
 * when first asked for. */
#ifndef SOURCE_GO_TYPE_NAMES_H
#define SOURCE_GO_TYPE_NAMES_H

#include "source/go/type/range.h"

struct go_name_slot {
	uint32_t hash;
	uint32_t offset; /* of the descriptor in its range; 0 if the slot is free */
};

struct go_names { /* zeroed at first */
	struct {
		bool built;
		struct go_name_slot *slots; /* a power of two */
		size_t nr_slots, nr;
	} ranges[GO_RANGES_MAX];
	uint64_t seed;
};

void go_names_release(struct go_names *names);
/* scanned: looks for types with a name where the linker has listed only the others; the
 * first time this takes some milliseconds for each megabyte of descriptors. Returns the
 * address of a descriptor of that name; with `turn` 1, 2 … of the next ones
 * of the same name, if there are several. Returns 0 if there is none. The caller has to
 * compare the name again. */
uint64_t go_names_find(struct go_names *names, struct go_ranges *ranges, const char *name,
		       bool scanned, unsigned turn);

#endif
