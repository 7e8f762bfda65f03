/* SPDX-License-Identifier: MIT */
/* Places of variables: expressions as Go's compiler writes them, lists of both versions of
 * DWARF, and bytes that are none. */
#include "unit.h"

#include <dwarf.h>

#include "source/go/locals/locals.h"

#define CFA 0x10000ull

static size_t find(const uint8_t *bytes, size_t length, uint64_t size,
		   struct go_part parts[GO_LOCATION_PARTS_MAX])
{
	/* Exactly as long, so that a sanitizer sees a byte too many. */
	uint8_t *copy = calloc(1, length ? length : 1);
	size_t nr;

	memcpy(copy, bytes, length);
	nr = go_location_find(copy, length, CFA, size, parts);
	free(copy);
	return nr;
}
#define FIND(size, parts, ...)                                                           \
	find((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}),     \
	     size, parts)

static void assert_part(const struct go_part *part, enum go_part_kind kind, uint64_t at,
			uint64_t offset, uint64_t bytes)
{
	assert_int_equal(part->kind, kind);
	assert_int_equal(part->at, at);
	assert_int_equal(part->offset, offset);
	assert_int_equal(part->bytes, bytes);
}

static void test_whole(void **state)
{
	struct go_part parts[GO_LOCATION_PARTS_MAX];

	assert_int_equal(FIND(24, parts, DW_OP_call_frame_cfa), 1);
	assert_part(&parts[0], GO_PART_MEMORY, CFA, 0, 24);
	assert_int_equal(FIND(8, parts, DW_OP_fbreg, 0x70), 1);
	assert_part(&parts[0], GO_PART_MEMORY, CFA - 16, 0, 8);
	assert_int_equal(FIND(8, parts, DW_OP_fbreg, 0xe8, 0x7e), 1);
	assert_part(&parts[0], GO_PART_MEMORY, CFA - 152, 0, 8);
	assert_int_equal(
		FIND(8, parts, DW_OP_call_frame_cfa, DW_OP_consts, 0x78, DW_OP_plus), 1);
	assert_part(&parts[0], GO_PART_MEMORY, CFA - 8, 0, 8);
	assert_int_equal(FIND(8, parts, DW_OP_const2s, 0xfe, 0xff, DW_OP_stack_value), 1);
	assert_part(&parts[0], GO_PART_VALUE, (uint64_t)-2, 0, 8);
	/* Registers of a goroutine that waits are not known. */
	assert_int_equal(FIND(8, parts, DW_OP_reg3), 1);
	assert_part(&parts[0], GO_PART_LOST, 0, 0, 8);
	assert_int_equal(FIND(8, parts, DW_OP_regx, 0x90, 0x01), 1);
	assert_int_equal(parts[0].kind, GO_PART_LOST);
	assert_int_equal(FIND(8, parts, DW_OP_breg0 + 6, 0x10), 1);
	assert_int_equal(parts[0].kind, GO_PART_LOST);
}

static void test_parts(void **state)
{
	struct go_part parts[GO_LOCATION_PARTS_MAX];

	assert_int_equal(FIND(24, parts, DW_OP_fbreg, 0x08, DW_OP_piece, 8, DW_OP_reg0,
			      DW_OP_piece, 8, DW_OP_piece, 8),
			 3);
	assert_part(&parts[0], GO_PART_MEMORY, CFA + 8, 0, 8);
	assert_part(&parts[1], GO_PART_LOST, 0, 8, 8);
	assert_part(&parts[2], GO_PART_LOST, 0, 16, 8);
	/* struct { bool; int32; bool; int }: the padding is not said. */
	assert_int_equal(FIND(24, parts, DW_OP_fbreg, 0, DW_OP_piece, 1, DW_OP_fbreg, 8,
			      DW_OP_piece, 4, DW_OP_fbreg, 16, DW_OP_piece, 1,
			      DW_OP_fbreg, 24, DW_OP_piece, 8),
			 4);
	assert_part(&parts[1], GO_PART_MEMORY, CFA + 8, 4, 4);
	assert_part(&parts[2], GO_PART_MEMORY, CFA + 16, 8, 1);
	assert_part(&parts[3], GO_PART_MEMORY, CFA + 24, 16, 8);
}

static struct go_type string_type = {.kind = GO_KIND_STRING, .bytes = 16};
static struct go_type int_type = {.kind = GO_KIND_INT, .bytes = 8};
static struct go_type bool_type = {.kind = GO_KIND_BOOL, .bytes = 1};
static struct go_type empty_type = {.kind = GO_KIND_STRUCT};

static void test_cover(void **state)
{
	const struct go_field fields[] = {
		{"E", 0, &empty_type, false},
		{"S", 0, &string_type, false},
		{"T", 16, &int_type, false},
		{"B", 24, &bool_type, false},
	};
	struct go_type_rest rest = {.fields = fields, .nr_fields = COUNT(fields)};
	struct go_type type = {.kind = GO_KIND_STRUCT, .bytes = 32, .rest = &rest};
	struct go_type_rest pair_rest = {.element = &type};
	struct go_type pair = {
		.kind = GO_KIND_ARRAY, .bytes = 64, .length = 2, .rest = &pair_rest};
	struct go_type_rest ring_rest = {.nr_fields = 1};
	struct go_type ring = {.kind = GO_KIND_STRUCT, .bytes = 32, .rest = &ring_rest};
	const struct go_field inner[] = {{"I", 0, &ring, false}};
	struct go_part parts[GO_LOCATION_PARTS_MAX];
	size_t nr = FIND(32, parts, DW_OP_fbreg, 0, DW_OP_piece, 8, DW_OP_fbreg, 8,
			 DW_OP_piece, 8, DW_OP_reg0, DW_OP_piece, 8, DW_OP_lit1,
			 DW_OP_stack_value, DW_OP_piece, 1);

	/* All but the padding at the end. */
	assert_int_equal(nr, 4);
	assert_true(go_locals_cover(&type, parts, nr));
	/* Without the last field, without the last two, and without one before. */
	assert_false(go_locals_cover(&type, parts, 3));
	assert_false(go_locals_cover(&type, parts, 2));
	nr = FIND(32, parts, DW_OP_fbreg, 0, DW_OP_piece, 8, DW_OP_fbreg, 8, DW_OP_piece,
		  8, DW_OP_lit1, DW_OP_stack_value, DW_OP_piece, 1);
	assert_false(go_locals_cover(&type, parts, nr));
	assert_false(go_locals_cover(&type, parts, 0));
	/* One place for all of it, and only for its first half. */
	nr = FIND(64, parts, DW_OP_call_frame_cfa);
	assert_true(go_locals_cover(&pair, parts, nr));
	nr = FIND(64, parts, DW_OP_call_frame_cfa, DW_OP_piece, 32);
	assert_false(go_locals_cover(&pair, parts, nr));
	nr = FIND(64, parts, DW_OP_fbreg, 0, DW_OP_piece, 32, DW_OP_reg0, DW_OP_piece,
		  32);
	assert_true(go_locals_cover(&pair, parts, nr));
	/* A struct that contains itself is none. */
	ring_rest.fields = inner;
	assert_false(go_locals_cover(&ring, parts, nr));
}

static void test_refused(void **state)
{
	struct go_part parts[GO_LOCATION_PARTS_MAX];
	uint8_t many[3 * (GO_LOCATION_PARTS_MAX + 1)] = {0}, deep[40], endless[1000];

	assert_int_equal(find(many, 0, 8, parts), 0);
	assert_int_equal(FIND(0, parts, DW_OP_call_frame_cfa), 0);
	/* More than the variable has, and an overflow. */
	assert_int_equal(FIND(8, parts, DW_OP_reg0, DW_OP_piece, 9), 0);
	assert_int_equal(
		FIND(8, parts, DW_OP_reg0, DW_OP_piece, 8, DW_OP_reg0, DW_OP_piece, 1),
		0);
	assert_int_equal(FIND(8, parts, DW_OP_reg0, DW_OP_piece, 1, DW_OP_reg0,
			      DW_OP_piece, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			      0xff, 0x01),
			 0);
	/* Cut short, nothing on the stack, and operations that no variable of Go has. */
	assert_int_equal(FIND(8, parts, DW_OP_fbreg), 0);
	assert_int_equal(FIND(8, parts, DW_OP_fbreg, 0x80), 0);
	assert_int_equal(FIND(8, parts, DW_OP_const8u, 1, 2, 3), 0);
	assert_int_equal(FIND(8, parts, DW_OP_plus), 0);
	assert_int_equal(FIND(8, parts, DW_OP_call_frame_cfa, DW_OP_deref), 0);
	assert_int_equal(FIND(8, parts, DW_OP_skip, 0xfd, 0xff), 0);
	assert_int_equal(FIND(8, parts, DW_OP_addr, 1, 2, 3, 4, 5, 6, 7, 8), 0);
	assert_int_equal(FIND(16, parts, DW_OP_lit1, DW_OP_stack_value), 0);
	for (size_t i = 0; i < sizeof(many); i += 3) {
		many[i] = DW_OP_reg0;
		many[i + 1] = DW_OP_piece;
		many[i + 2] = 1;
	}
	assert_int_equal(find(many, sizeof(many), 1000, parts), 0);
	assert_int_equal(find(many, sizeof(many) - 3, 1000, parts),
			 GO_LOCATION_PARTS_MAX);
	memset(deep, DW_OP_lit0, sizeof(deep));
	assert_int_equal(find(deep, sizeof(deep), 8, parts), 0);
	memset(endless, DW_OP_nop, sizeof(endless));
	assert_int_equal(find(endless, sizeof(endless), 8, parts), 0);
}

static const uint8_t expression[] = {DW_OP_reg0, DW_OP_reg1, DW_OP_reg2};

/* Returns the operation found for the address, or -1. */
static int select_at(const struct go_location_unit *unit, uint64_t address)
{
	struct go_location_bytes found;
	uint64_t steps = 100;

	if (!go_location_select(unit, 0, address, &steps, &found))
		return -1;
	assert_int_equal(found.length, 1);
	return found.at[0];
}

static void test_list_4(void **state)
{
	const uint64_t words[] = {0x10, 0x20, UINT64_MAX, 0x5000, 0, 8, 0, 0};
	uint8_t list[100];
	size_t length = 0;
	struct go_location_unit unit = {.version = 4, .lists = {list, 0}, .low = 0x1000};
	struct go_location_bytes found;
	uint64_t steps = 1;

	for (size_t i = 0; i < COUNT(words); i += 2) {
		memcpy(list + length, words + i, 16);
		length += 16;
		if (words[i] == UINT64_MAX || words[i + 1] == 0)
			continue;
		memcpy(list + length, "\1", 2);
		list[length + 2] = expression[i / 2];
		length += 3;
	}
	unit.lists.length = length;
	assert_int_equal(select_at(&unit, 0x100f), -1);
	assert_int_equal(select_at(&unit, 0x1010), DW_OP_reg0);
	assert_int_equal(select_at(&unit, 0x101f), DW_OP_reg0);
	assert_int_equal(select_at(&unit, 0x1020), -1);
	assert_int_equal(select_at(&unit, 0x5007), DW_OP_reg2);
	assert_int_equal(select_at(&unit, 0x5008), -1);
	assert_false(go_location_select(&unit, length, 0x1010, &steps, &found));
	assert_false(go_location_select(&unit, UINT64_MAX, 0x1010, &steps, &found));
	/* The work is bounded. */
	assert_false(go_location_select(&unit, 0, 0x5000, &steps, &found));
	assert_int_equal(steps, 0);
	for (size_t cut = 0; cut < length; cut++) {
		unit.lists.length = cut;
		select_at(&unit, 0x5007);
	}
}

static void test_list_5(void **state)
{
	const uint64_t addresses[] = {0xdead, 0x2000, 0x3000};
	static const uint8_t list[] = {
		DW_LLE_base_addressx,
		1,
		DW_LLE_offset_pair,
		0x10,
		0x20,
		1,
		DW_OP_reg0,
		DW_LLE_startx_length,
		2,
		4,
		1,
		DW_OP_reg1,
		DW_LLE_startx_endx,
		1,
		2,
		1,
		DW_OP_reg2,
		DW_LLE_end_of_list,
	};
	static const uint8_t other[] = {DW_LLE_base_address,
					0,
					0x40,
					0,
					0,
					0,
					0,
					0,
					0,
					4,
					0x80,
					1,
					0x81,
					1,
					1,
					DW_OP_reg0,
					DW_LLE_start_length,
					0,
					0x50,
					0,
					0,
					0,
					0,
					0,
					0,
					8,
					1,
					DW_OP_reg1,
					DW_LLE_default_location,
					1,
					DW_OP_reg2,
					DW_LLE_end_of_list};
	struct go_location_unit unit = {
		.version = 5,
		.lists = {list, sizeof(list)},
		.addresses = {(const uint8_t *)addresses, sizeof(addresses)},
		.low = 0x1000};

	assert_int_equal(select_at(&unit, 0x2010), DW_OP_reg0);
	assert_int_equal(select_at(&unit, 0x3003), DW_OP_reg1);
	assert_int_equal(select_at(&unit, 0x2fff), DW_OP_reg2);
	assert_int_equal(select_at(&unit, 0x3004), -1);
	unit.address_base = 8;
	assert_int_equal(select_at(&unit, 0x3010), DW_OP_reg0);
	/* No such address. */
	unit.address_base = UINT64_MAX - 3;
	assert_int_equal(select_at(&unit, 0x3010), -1);
	unit.lists = (struct go_location_bytes){other, sizeof(other)};
	assert_int_equal(select_at(&unit, 0x4080), DW_OP_reg0);
	assert_int_equal(select_at(&unit, 0x5007), DW_OP_reg1);
	assert_int_equal(select_at(&unit, 0x1), DW_OP_reg2);
	unit.lists.length -= 4;
	assert_int_equal(select_at(&unit, 0x1), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),  cmocka_unit_test(test_parts),
		cmocka_unit_test(test_cover),  cmocka_unit_test(test_refused),
		cmocka_unit_test(test_list_4), cmocka_unit_test(test_list_5),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
