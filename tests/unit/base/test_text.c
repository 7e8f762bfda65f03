/* SPDX-License-Identifier: MIT */
/* base/text and base/order: bytes, beginnings and ends of texts, and the order of numbers. */
#include "unit.h"

#include <stdlib.h>

#include "base/order.h"
#include "base/text.h"

static void bytes_have_classes(void **state)
{
	(void)state;
	for (int byte = -128; byte < 128; byte++) {
		char c = (char)byte;

		assert_int_equal(byte_is_digit(c), c && strchr("0123456789", c) != NULL);
		assert_int_equal(byte_is_blank(c), c == ' ' || c == '\t');
		assert_int_equal(byte_is_space(c), c && strchr(" \t\r\n", c) != NULL);
		assert_int_equal(byte_is_letter(c),
				 byte > 0 && (byte | 32) >= 'a' && (byte | 32) <= 'z');
		assert_int_equal(byte_is_upper(c), byte >= 'A' && byte <= 'Z');
	}
}

static void hexadecimal_digits_have_values(void **state)
{
	static const char digits[] = "0123456789abcdef", upper[] = "0123456789ABCDEF";
	int valid = 0;

	(void)state;
	for (int i = 0; i < 16; i++) {
		assert_int_equal(byte_hex_value(digits[i]), i);
		assert_int_equal(byte_hex_value(upper[i]), i);
	}
	for (int byte = -128; byte < 128; byte++)
		valid += byte_hex_value((char)byte) >= 0;
	assert_int_equal(valid, 22);
}

static void texts_begin_and_end(void **state)
{
	(void)state;
	assert_true(text_starts_with("runtime.gopark", "runtime."));
	assert_true(text_starts_with("runtime.", "runtime."));
	assert_false(text_starts_with("runtime", "runtime."));
	assert_true(text_starts_with("", ""));
	assert_true(text_ends_with("main.py", ".py"));
	assert_true(text_ends_with(".py", ".py"));
	assert_false(text_ends_with("py", ".py"));
	assert_false(text_ends_with("main.pyc", ".py"));
	assert_true(text_ends_with("x", ""));
}

static void stars_stand_for_any_text(void **state)
{
	(void)state;
	assert_true(text_matches("pthread_mutex_lock", "pthread_mutex_lock", ""));
	assert_true(text_matches("pthread_mutex_lock", "pthread_*", ""));
	assert_true(text_matches("pthread_mutex_lock", "*_lock", ""));
	assert_true(text_matches("pthread_mutex_lock", "*mutex*", ""));
	assert_true(text_matches("abcbc", "a*bc", ""));
	assert_true(text_matches("", "*", ""));
	assert_false(text_matches("pthread_mutex_lock", "pthread", ""));
	assert_false(text_matches("pthread", "pthread_*", ""));
	assert_true(text_matches("lock(int)", "lock", "(@"));
	assert_true(text_matches("lock@GLIBC", "lo*k", "(@"));
	assert_false(text_matches("locked", "lock", "(@"));
}

static void sorted_lists_are_searched(void **state)
{
	static const struct {
		uint32_t other;
		uint64_t key;
	} list[] = {{9, 10}, {8, 20}, {7, 20}, {6, UINT64_MAX}};

	(void)state;
	assert_int_equal(ORDER_COUNT_BELOW(list, 4, key, 0), 0);
	assert_int_equal(ORDER_COUNT_BELOW(list, 4, key, 20), 1);
	assert_int_equal(ORDER_COUNT_UP_TO(list, 4, key, 20), 3);
	assert_int_equal(ORDER_COUNT_UP_TO(list, 4, key, 21), 3);
	assert_int_equal(ORDER_COUNT_BELOW(list, 4, key, UINT64_MAX), 3);
	assert_int_equal(ORDER_COUNT_UP_TO(list, 4, key, UINT64_MAX), 4);
	assert_int_equal(ORDER_COUNT_UP_TO(list, 0, key, 20), 0);
}

static void numbers_are_ordered_without_overflow(void **state)
{
	uint64_t large[] = {UINT64_MAX, 0, UINT64_MAX / 2 + 1, 1};
	uint32_t small[] = {UINT32_MAX, 0, 1u << 31, 1};
	pid_t pids[] = {INT32_MAX, 1, -INT32_MAX, 0};
	double doubles[] = {0.25, -1e300, 1e300, 0.125};

	(void)state;
	qsort(large, 4, sizeof(*large), order_u64);
	qsort(small, 4, sizeof(*small), order_u32);
	qsort(pids, 4, sizeof(*pids), order_pid);
	qsort(doubles, 4, sizeof(*doubles), order_double);
	for (int i = 1; i < 4; i++) {
		assert_true(large[i - 1] < large[i]);
		assert_true(small[i - 1] < small[i]);
		assert_true(pids[i - 1] < pids[i]);
		assert_true(doubles[i - 1] < doubles[i]);
	}
	assert_int_equal(order_pid(&pids[1], &pids[1]), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_have_classes),
		cmocka_unit_test(hexadecimal_digits_have_values),
		cmocka_unit_test(texts_begin_and_end),
		cmocka_unit_test(stars_stand_for_any_text),
		cmocka_unit_test(sorted_lists_are_searched),
		cmocka_unit_test(numbers_are_ordered_without_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
