/* SPDX-License-Identifier: MIT */
/* A buffer that grows: terminated, not beyond its limit. */
#include "unit.h"

#include <inttypes.h>

#include "base/buf.h"

static void buf_grows_and_terminates(void **state)
{
	struct buf buf;

	buf_init(&buf, 0);
	for (int i = 0; i < 1000; i++)
		buf_printf(&buf, "%d,", i);
	buf_puts(&buf, "end");
	buf_append(&buf, "\0x", 2);
	assert_int_equal(buf.failed, 0);
	assert_int_equal(buf.length, 10 * 2 + 90 * 3 + 900 * 4 + 3 + 2);
	assert_int_equal(buf.bytes[buf.length], '\0');
	assert_memory_equal(buf.bytes, "0,1,2,", 6);
	assert_memory_equal(buf.bytes + buf.length - 9, "999,end\0x", 9);
	buf_clear(&buf);
	assert_int_equal(buf.length, 0);
	assert_string_equal(buf.bytes, "");
	buf_release(&buf);
	assert_null(buf.bytes);
}

static void buf_stops_at_its_limit(void **state)
{
	struct buf buf;

	buf_init(&buf, 10);
	buf_puts(&buf, "0123456789");
	assert_int_equal(buf.failed, 0);
	buf_puts(&buf, "x");
	assert_int_equal(buf.failed, 1);
	assert_string_equal(buf.bytes, "0123456789");
	buf_puts(&buf, "");
	assert_int_equal(buf.length, 10);
	buf_clear(&buf);
	buf_printf(&buf, "%011d", 1);
	assert_int_equal(buf.failed, 1);
	assert_int_equal(buf.length, 0);
	buf_clear(&buf);
	buf_append(&buf, "x", SIZE_MAX / 2);
	assert_int_equal(buf.failed, 1);
	buf_release(&buf);
}

static void buf_is_there_after_nothing(void **state)
{
	struct buf buf;

	buf_init(&buf, 0);
	buf_append(&buf, NULL, 0);
	assert_non_null(buf.bytes);
	assert_string_equal(buf.bytes, "");
	buf_release(&buf);
}

static void numbers_are_those_of_printf(void **state)
{
	static const uint64_t numbers[] = {
		0,  1,   9,          10,         11,        15,         16,        17,
		99, 100, UINT32_MAX, 0xfffffff0, INT64_MAX, UINT64_MAX, 1ull << 60};
	struct buf buf, expected;

	(void)state;
	buf_init(&buf, 0);
	buf_init(&expected, 0);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		buf_put_number(&buf, numbers[i]);
		buf_puts(&buf, " ");
		buf_put_hex(&buf, numbers[i]);
		buf_printf(&expected, "%" PRIu64 " 0x%" PRIx64, numbers[i], numbers[i]);
	}
	assert_string_equal(buf.bytes, expected.bytes);
	buf_release(&buf);
	buf_release(&expected);
}

/* Room that is filled in by the caller counts, ends with a NUL and respects the limit. */
static void room_is_part_of_the_text(void **state)
{
	struct buf buf;
	char *room;

	(void)state;
	buf_init(&buf, 10);
	buf_puts(&buf, "abc");
	room = buf_extend(&buf, 4);
	assert_non_null(room);
	memcpy(room, "defg", 4);
	assert_string_equal(buf.bytes, "abcdefg");
	assert_int_equal(buf.length, 7);
	assert_null(buf_extend(&buf, 4));
	assert_int_equal(buf.failed, 1);
	assert_null(buf_extend(&buf, 1));
	assert_string_equal(buf.bytes, "abcdefg");
	buf_release(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buf_grows_and_terminates),
		cmocka_unit_test(buf_stops_at_its_limit),
		cmocka_unit_test(buf_is_there_after_nothing),
		cmocka_unit_test(numbers_are_those_of_printf),
		cmocka_unit_test(room_is_part_of_the_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
