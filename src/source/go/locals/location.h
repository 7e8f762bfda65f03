/* SPDX-License-Identifier: MIT */
/*
 * Says where a variable is: reads location lists (DWARF 4 and 5) and evaluates the
 * expressions that Go's compiler writes. Works on untrusted bytes alone, without state.
 * Registers other than the stack pointer are not known in a goroutine that waits: what is
 * in one is lost.
 */
#ifndef SOURCE_GO_LOCALS_LOCATION_H
#define SOURCE_GO_LOCALS_LOCATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GO_LOCATION_PARTS_MAX 32u

enum go_part_kind {
	GO_PART_LOST,   /* in a register, or nowhere */
	GO_PART_MEMORY, /* at the address in `at` */
	GO_PART_VALUE,  /* `at` itself is the value */
};

struct go_part {
	enum go_part_kind kind;
	uint64_t at;
	uint64_t offset; /* in the variable */
	uint64_t bytes;
};

/* Evaluates an expression for a variable of `size` bytes. cfa: address above the return
 * address of the variable's frame. Returns the number of parts, in order and all within
 * `size`; what is between them is padding, and behind them bytes that are not described
 * may follow: see go_locals_cover(). Returns 0 if the variable has no location or the
 * expression is of no known kind. */
size_t go_location_find(const uint8_t *expression, size_t length, uint64_t cfa,
			uint64_t size, struct go_part out[GO_LOCATION_PARTS_MAX]);

struct go_location_bytes {
	const uint8_t *at;
	size_t length;
};

/* What location lists of one unit need. */
struct go_location_unit {
	unsigned version; /* of DWARF */
	struct go_location_bytes
		lists; /* .debug_loc, or .debug_loclists from version 5 */
	struct go_location_bytes addresses; /* .debug_addr */
	uint64_t address_base;              /* offset of the unit's addresses in it */
	uint64_t low;                       /* the unit's first address */
};

/* Finds the expression for an address in the list at an offset. steps_left bounds the
 * work over many lists. Returns false if the variable has no location there. */
bool go_location_select(const struct go_location_unit *unit, uint64_t offset,
			uint64_t address, uint64_t *steps_left,
			struct go_location_bytes *out);

#endif
