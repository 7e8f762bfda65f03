/* SPDX-License-Identifier: MIT */
/* The parts of a module that contain its type descriptors, and copies of their bytes. They
 * never change while the module is loaded. */
#ifndef SOURCE_GO_TYPE_RANGE_H
#define SOURCE_GO_TYPE_RANGE_H

#include "source/go/module.h"
#include "source/go/type/type.h"

#define GO_RANGES_MAX      16u /* modules: the program and its plugins */
#define GO_RANGE_BYTES_MAX (512ull << 20)
#define GO_PIECE_SHIFT     14
#define GO_PIECE_BYTES     (1u << GO_PIECE_SHIFT)

struct go_type_range {
	const struct go_module *module;
	uint64_t types, end; /* addresses of the first byte, and behind the last */
	uint64_t listed;     /* since Go 1.27: behind the last descriptor; else 0 */
	uint64_t links;      /* address of the offsets of types, in the order of names */
	uint64_t nr_links;
	uint8_t **pieces; /* copies of GO_PIECE_BYTES each; NULL if not read */
	size_t nr_pieces;
	bool long_names; /* before Go 1.17 a name's length has two bytes */
	bool shifted;    /* before Go 1.19 a field's offset is shifted by one bit */
};

struct go_ranges {
	struct memory *mem;
	const struct go_module *module; /* the first of the list */
	struct go_type_range list[GO_RANGES_MAX];
	unsigned nr;
	const struct go_module *last; /* the last one that was looked at */
	size_t bytes;                 /* of all copies */
};

void go_ranges_init(struct go_ranges *ranges, struct memory *mem,
		    const struct go_module *module);
void go_ranges_release(struct go_ranges *ranges);
/* Returns the range that contains the address, or NULL. Adds modules loaded since. */
struct go_type_range *go_ranges_of(struct go_ranges *ranges, uint64_t address);
/* Returns the range of a module, or NULL. */
struct go_type_range *go_ranges_in(struct go_ranges *ranges,
				   const struct go_module *module);
/* Copies bytes that are within the range. Returns false if they are not, or cannot be
 * read. */
bool go_range_read(struct go_ranges *ranges, struct go_type_range *range,
		   uint64_t address, void *out, size_t bytes);

/* Returns a copy of the bytes at the address, up to the end of a piece; NULL if they cannot
 * be read. Valid until the next call for the same ranges. */
const uint8_t *go_range_bytes(struct go_ranges *ranges, struct go_type_range *range,
			      uint64_t address, size_t *bytes);

/* What stands before each name. */
struct go_type_name {
	uint64_t text; /* address of its first byte */
	uint64_t bytes;
	uint8_t flags;
};
#define GO_NAME_EMBEDDED 8u
/* Returns false if no valid name is at the address. */
bool go_range_name(struct go_ranges *ranges, struct go_type_range *range,
		   uint64_t address, struct go_type_name *name);
/* Copies the text, cut to GO_TYPE_NAME_MAX bytes. Returns false if it is not printable. */
bool go_range_text(struct go_ranges *ranges, struct go_type_range *range,
		   const struct go_type_name *name, char out[GO_TYPE_NAME_MAX + 1]);

#endif
