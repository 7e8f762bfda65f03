/* SPDX-License-Identifier: MIT */
/* A buffer that grows: terminated, not beyond its limit. */
#include "unit.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buf_grows_and_terminates),
		cmocka_unit_test(buf_stops_at_its_limit),
		cmocka_unit_test(buf_is_there_after_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
