/* SPDX-License-Identifier: MIT */
/* The members of a type descriptor, as bytes in the target's memory. */
#ifndef SOURCE_GO_TYPE_DESCRIPTOR_H
#define SOURCE_GO_TYPE_DESCRIPTOR_H

#include "source/go/type/range.h"

/* What is common to all kinds, at the start of each. */
#define GO_DESCRIPTOR_BYTES 48u
#define GO_DESCRIPTOR_MAX   136u /* with what is particular to the kind */

struct go_descriptor {
	uint64_t bytes, pointer_bytes;
	uint32_t hash;
	uint8_t flags, alignment, kind;
	bool named, direct;
	struct go_type_name name;
	/* What follows the common part. */
	uint64_t words[(GO_DESCRIPTOR_MAX - GO_DESCRIPTOR_BYTES) / 8];
	uint64_t more; /* address behind it */
};

/* Returns false if these bytes cannot begin the descriptor of a type with a name. Fast. */
bool go_descriptor_may_be(const uint8_t bytes[GO_DESCRIPTOR_BYTES]);
/* Returns false if there is no valid descriptor at the address. */
bool go_descriptor_read(struct go_ranges *ranges, struct go_type_range *range,
			uint64_t address, struct go_descriptor *out);
/* Returns the bytes that it takes together with what follows it, as the linker lays them
 * out since Go 1.27; 0 if they are invalid. */
uint64_t go_descriptor_whole(struct go_ranges *ranges, struct go_type_range *range,
			     uint64_t address, const struct go_descriptor *descriptor);
/* Returns the address of the name of the type's package, or 0. */
uint64_t go_descriptor_package(struct go_ranges *ranges, struct go_type_range *range,
			       const struct go_descriptor *descriptor);
/* Returns false if the layout does not fit the size of a group. */
bool go_descriptor_map(struct go_ranges *ranges, const struct go_descriptor *descriptor,
		       struct go_map_layout *map);

#endif
