/* SPDX-License-Identifier: MIT */
/* Finds the function of a compile unit that contains an address, and what is inlined
 * there. Rust and other languages put functions into namespaces and types, which libdw's
 * own search skips. A unit is scanned once, up to a limit. */
#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/order.h"
#include "source/symbols/private.h"

#define DIES_MAX      2000000u
#define FUNCTIONS_MAX 200000u
#define RANGES_EACH   64u
#define DEPTH_MAX     24u
#define INDEXES_MAX   4096u

struct function_range {
	uint64_t start; /* in addresses of the debug information */
	uint64_t end;
	Dwarf_Off die;
};

struct unit_index {
	const void *unit;              /* its address in the debug information */
	struct function_range *ranges; /* sorted by start */
	size_t nr_ranges;
	size_t cap_ranges;
	size_t nr_dies; /* number of DIEs scanned */
	UT_hash_handle hh;
};

void symbols_scopes_release(struct symbols *symbols)
{
	struct unit_index *index, *next;

	HASH_ITER (hh, symbols->indexes, index, next) {
		HASH_DEL(symbols->indexes, index);
		free(index->ranges);
		free(index);
	}
	symbols->indexes = NULL;
}

static void add_range(struct unit_index *index, Dwarf_Addr start, Dwarf_Addr end,
		      Dwarf_Off die)
{
	if (start >= end)
		return;
	if (array_reserve_most(&index->ranges, &index->cap_ranges, index->nr_ranges + 1,
			       FUNCTIONS_MAX))
		index->ranges[index->nr_ranges++] =
			(struct function_range){start, end, die};
}

static void add_function(struct unit_index *index, Dwarf_Die *die)
{
	Dwarf_Addr base = 0, start, end;
	ptrdiff_t at = 0;

	for (unsigned i = 0; i < RANGES_EACH; i++) {
		at = dwarf_ranges(die, at, &base, &start, &end);
		if (at <= 0)
			return;
		add_range(index, start, end, dwarf_dieoffset(die));
	}
}

static void add_functions(struct unit_index *index, Dwarf_Die *parent, unsigned depth)
{
	Dwarf_Die die;

	if (depth == DEPTH_MAX || dwarf_child(parent, &die) != 0)
		return;
	do {
		if (index->nr_dies++ >= DIES_MAX)
			return;
		switch (dwarf_tag(&die)) {
		case DW_TAG_subprogram:
			add_function(index, &die);
			break;
		case DW_TAG_namespace:
		case DW_TAG_module:
		case DW_TAG_class_type:
		case DW_TAG_structure_type:
		case DW_TAG_union_type:
		case DW_TAG_enumeration_type:
			add_functions(index, &die, depth + 1);
			break;
		default:
			break;
		}
	} while (dwarf_siblingof(&die, &die) == 0);
}

static int compare_ranges(const void *a, const void *b)
{
	const struct function_range *left = a;
	const struct function_range *right = b;

	return ORDER(left->start, right->start);
}

static const struct unit_index *unit_index(struct symbols *symbols, Dwarf_Die *unit)
{
	struct unit_index *index;

	HASH_FIND_PTR(symbols->indexes, &unit->addr, index);
	if (index)
		return index;
	if (HASH_COUNT(symbols->indexes) >= INDEXES_MAX)
		symbols_scopes_release(symbols);
	index = calloc(1, sizeof(*index));
	if (!index)
		return NULL;
	index->unit = unit->addr;
	add_functions(index, unit, 0);
	if (index->nr_ranges)
		qsort(index->ranges, index->nr_ranges, sizeof(index->ranges[0]),
		      compare_ranges);
	HASH_ADD_PTR(symbols->indexes, unit, index);
	return index;
}

static bool find_function(struct symbols *symbols, Dwarf_Die *unit, uint64_t pc,
			  Dwarf_Die *out)
{
	const struct unit_index *index = unit_index(symbols, unit);
	size_t low =
		index ? ORDER_COUNT_UP_TO(index->ranges, index->nr_ranges, start, pc) : 0;

	return low > 0 && pc < index->ranges[low - 1].end &&
	       dwarf_offdie(dwarf_cu_getdwarf(unit->cu), index->ranges[low - 1].die, out);
}

/* Replaces die by its child block or inlined function that contains pc, if there is one.
 * */
static bool descend_to(Dwarf_Die *die, uint64_t pc)
{
	size_t nr_dies = 0;
	Dwarf_Die child;

	if (dwarf_child(die, &child) != 0)
		return false;
	do {
		int tag = dwarf_tag(&child);

		if ((tag == DW_TAG_inlined_subroutine || tag == DW_TAG_lexical_block ||
		     tag == DW_TAG_try_block || tag == DW_TAG_catch_block) &&
		    dwarf_haspc(&child, pc) > 0) {
			*die = child;
			return true;
		}
	} while (++nr_dies < DIES_MAX && dwarf_siblingof(&child, &child) == 0);
	return false;
}

size_t symbols_scopes(struct symbols *symbols, Dwarf_Die *unit, uint64_t pc,
		      Dwarf_Die *out, size_t max)
{
	Dwarf_Die die;
	size_t count = 0;

	if (max < 2 || !find_function(symbols, unit, pc, &die))
		return 0;
	out[count++] = die;
	for (size_t depth = 0; depth < DEPTH_MAX * 2 && descend_to(&die, pc); depth++) {
		if (dwarf_tag(&die) != DW_TAG_inlined_subroutine)
			continue;
		/* Drop an outer one, which matters less. */
		if (count == max) {
			count--;
			memmove(out + 1, out + 2, (count - 1) * sizeof(*out));
		}
		out[count++] = die;
	}
	return count;
}
