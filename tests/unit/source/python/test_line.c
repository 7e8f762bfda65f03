/* SPDX-License-Identifier: MIT */
/*
 * Lines and handlers of instructions. The tables are those that CPython 3.8, 3.10, 3.11 and
 * 3.13 make of one function, which begins in line 2:
 *
 *	def work(lock, n):
 *	    total = 0
 *	    with lock:
 *	        for i in range(n):
 *	            total += (
 *	                i *
 *	                n
 *	            )
 *	    try:
 *	        return total
 *	    except ValueError:
 *	        total = (yield)
 *
 *
 *	    return total
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/array.h"
#include "source/python/layout.h"
#include "source/python/line.h"

static const uint8_t lnotab_8[] = {
	0x00, 0x01, 0x04, 0x01, 0x06, 0x01, 0x0c, 0x01, 0x02, 0x01, 0x02, 0x01, 0x02,
	0xff, 0x02, 0xff, 0x10, 0x04, 0x02, 0x01, 0x06, 0x01, 0x0e, 0x01, 0x0c, 0x03,
};
static const uint8_t lines_10[] = {
	0x02, 0x80, 0x04, 0x01, 0x06, 0x01, 0x0c, 0x01, 0x02, 0x01, 0x02, 0x01,
	0x02, 0x01, 0x02, 0xff, 0x06, 0xff, 0x02, 0xff, 0x1c, 0xff, 0x02, 0x06,
	0x06, 0x01, 0x0c, 0x01, 0x08, 0x01, 0x04, 0x03, 0x02, 0xfc,
};
static const uint8_t lines_13[] = {
	0xe9, 0x00, 0x80, 0x00, 0xd8, 0x0c, 0x0d, 0x80, 0x45, 0xda, 0x09, 0x0d,
	0xdc, 0x11, 0x16, 0x90, 0x71, 0x96, 0x18, 0x88, 0x41, 0xd8, 0x0c, 0x11,
	0xd8, 0x10, 0x11, 0xd8, 0x10, 0x11, 0xf1, 0x03, 0x01, 0x11, 0x12, 0xf1,
	0x03, 0x03, 0x0d, 0x0e, 0x8a, 0x45, 0xf1, 0x03, 0x00, 0x12, 0x1a, 0xf7,
	0x03, 0x00, 0x0a, 0x0e, 0xf0, 0x0c, 0x03, 0x05, 0x18, 0xd8, 0x0f, 0x14,
	0x88, 0x0c, 0xf7, 0x0f, 0x00, 0x0a, 0x0e, 0x8c, 0x14, 0xf0, 0x0c, 0x03,
	0x05, 0x18, 0xd8, 0x0f, 0x14, 0x88, 0x0c, 0xfb, 0xdc, 0x0b, 0x15, 0xf3,
	0x00, 0x01, 0x05, 0x18, 0xda, 0x11, 0x16, 0x89, 0x05, 0xf0, 0x06, 0x00,
	0x0c, 0x11, 0x80, 0x4c, 0xf0, 0x09, 0x01, 0x05, 0x18, 0xfc,
};
static const uint8_t handlers_11[] = {
	0x87, 0x1b, 0x2f, 0x03, 0xaf, 0x04, 0x33, 0x07, 0xb6,
	0x01, 0x33, 0x07, 0xbb, 0x01, 0x3d, 0x00, 0xbd, 0x0e,
	0x41, 0x0e, 0x03, 0xc1, 0x0d, 0x01, 0x41, 0x0e, 0x03,
};

struct row {
	uint32_t instruction;
	int value;
};

static void lines_up_to_3_9(void **state)
{
	static const struct row rows[] = {
		{0, 3},   {2, 3},   {4, 4},   {9, 4},   {10, 5}, {22, 6},
		{24, 7},  {26, 8},  {28, 7},  {30, 6},  {44, 6}, {46, 10},
		{48, 11}, {68, 13}, {80, 16}, {82, 16},
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		assert_int_equal(python_line(8, lnotab_8, sizeof(lnotab_8), 2,
					     rows[i].instruction),
				 rows[i].value);
}

static void lines_of_3_10(void **state)
{
	static const struct row rows[] = {
		{0, 0},   {2, 3},   {4, 3},   {6, 4},    {12, 5},  {24, 6},  {26, 7},
		{28, 8},  {30, 7},  {32, 6},  {38, 5},   {40, 4},  {68, 10}, {70, 11},
		{76, 12}, {88, 13}, {96, 16}, {100, 12}, {102, 0},
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		assert_int_equal(python_line(10, lines_10, sizeof(lines_10), 2,
					     rows[i].instruction),
				 rows[i].value);
}

static void lines_from_3_11_on(void **state)
{
	static const struct row rows[] = {
		{0, 2},    {6, 3},    {10, 4},   {16, 5},   {44, 6},   {46, 7},
		{48, 8},   {50, 7},   {54, 6},   {64, 5},   {68, 4},   {84, 10},
		{86, 11},  {90, 4},   {116, 10}, {118, 11}, {122, 0},  {130, 12},
		{148, 13}, {158, 16}, {162, 12}, {164, 0},  {2000, 0},
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		assert_int_equal(python_line(13, lines_13, sizeof(lines_13), 2,
					     rows[i].instruction),
				 rows[i].value);
}

static void values_that_a_handler_finds(void **state)
{
	static const struct row rows[] = {
		{0, 0},   {12, 0},  {14, 1},  {66, 1},  {68, 0},
		{94, 3},  {100, 3}, {102, 0}, {108, 3}, {118, 0},
		{122, 1}, {148, 1}, {150, 0}, {154, 1}, {156, 0},
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		assert_int_equal(python_handler_depth(handlers_11, sizeof(handlers_11),
						      rows[i].instruction),
				 rows[i].value);
}

/* Every table that is cut or damaged gives some line, and reads nothing behind its end:
 * the copy has no byte more. */
static void broken_tables(void **state)
{
	for (size_t size = 0; size <= sizeof(lines_13); size++) {
		uint8_t *copy = test_malloc(size + 1);

		memcpy(copy, lines_13, size);
		for (int flip = 0; flip < 256; flip += 15) {
			if (size > 0)
				copy[size / 2] ^= (uint8_t)flip;
			for (uint32_t at = 0; at < 200; at += 3)
				for (int minor = 8; minor <= 15; minor++)
					assert_true(python_line(minor, copy, size, 1,
								at) >= 0);
			assert_true(python_handler_depth(copy, size, 60) < UINT32_MAX);
		}
		test_free(copy);
	}
}

/* The offsets that 3.14 publishes replace those of the table. */
static void published_offsets(void **state)
{
	uint8_t table[PYTHON_OFFSETS_MAX] = "xdebugpy";
	const uint64_t version = 0x030e0af0, moved = 4242;
	struct python_offsets offsets;
	struct python_layout layout;

	memcpy(table + 8, &version, 8);
	memcpy(table + 72, &moved, 8);
	assert_true(python_offsets_read(&offsets, table, sizeof(table)));
	assert_int_equal(offsets.version, version);
	assert_false(offsets.free_threaded);
	assert_true(python_layout_set(&layout, 14));
	assert_int_equal(layout.interp_threads, 7344);
	assert_true(python_layout_publish(&layout, table, sizeof(table)));
	assert_int_equal(layout.interp_threads, moved);
	assert_int_equal(layout.code_exceptions, 40);
	assert_false(python_layout_publish(&layout, table, 400));
	memset(table + 72, 0xff, 8);
	assert_false(python_layout_publish(&layout, table, sizeof(table)));
	table[0] = 'y';
	assert_false(python_offsets_read(&offsets, table, sizeof(table)));
	assert_false(python_layout_set(&layout, 7));
	assert_false(python_layout_set(&layout, 16));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_up_to_3_9),
		cmocka_unit_test(lines_of_3_10),
		cmocka_unit_test(lines_from_3_11_on),
		cmocka_unit_test(values_that_a_handler_finds),
		cmocka_unit_test(broken_tables),
		cmocka_unit_test(published_offsets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
