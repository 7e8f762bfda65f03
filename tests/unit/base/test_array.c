/* SPDX-License-Identifier: MIT */
/* base/array: growth and limits; a failure leaves everything unchanged. */
// build: -Wl,--wrap=realloc
#include "unit.h"

#include <stdlib.h>

#include "base/array.h"

static bool out_of_memory;
static unsigned int nr_reallocs;

void *__real_realloc(void *block, size_t bytes);
void *__wrap_realloc(void *block, size_t bytes);

void *__wrap_realloc(void *block, size_t bytes)
{
	nr_reallocs++;
	return out_of_memory ? NULL : __real_realloc(block, bytes);
}

static void keeps_elements_while_it_grows(void **state)
{
	enum { ELEMENTS = 100000 };
	uint64_t *list = NULL;
	size_t count = 0, capacity = 0;

	(void)state;
	nr_reallocs = 0;
	while (count < ELEMENTS) {
		assert_true(array_reserve(&list, &capacity, count + 1));
		assert_true(capacity > count);
		list[count] = count * 3;
		count++;
	}
	/* Growth by half: 25 steps or so, where a fixed step would take thousands. */
	assert_in_range(nr_reallocs, 5, 40);
	assert_true(capacity < ELEMENTS * 2);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(list[i], i * 3);
	free(list);
}

static void reserves_at_least_what_is_wanted(void **state)
{
	uint32_t *list = NULL, *before;
	size_t capacity = 0;

	(void)state;
	assert_true(array_reserve(&list, &capacity, 1000));
	assert_int_equal(capacity, 1000);
	before = list;
	nr_reallocs = 0;
	assert_true(array_reserve(&list, &capacity, 1000));
	assert_true(array_reserve(&list, &capacity, 1));
	assert_true(array_reserve(&list, &capacity, 0));
	assert_int_equal(capacity, 1000);
	assert_ptr_equal(list, before);
	assert_int_equal(nr_reallocs, 0);
	free(list);
}

static void stops_at_the_most(void **state)
{
	uint16_t *list = NULL;
	size_t count = 0, capacity = 0;

	(void)state;
	while (array_reserve_most(&list, &capacity, count + 1, 1000))
		list[count++] = 7;
	assert_int_equal(count, 1000);
	assert_int_equal(capacity, 1000);
	assert_int_equal(list[999], 7);
	free(list);
}

static void zeroes_what_is_new(void **state)
{
	uint64_t *list = NULL;
	size_t capacity = 0;

	(void)state;
	for (size_t count = 1; count < 5000; count++) {
		size_t before = capacity;

		assert_true(array_reserve_zeroed(&list, &capacity, count));
		for (size_t i = before; i < capacity; i++) {
			assert_int_equal(list[i], 0);
			list[i] = UINT64_MAX;
		}
	}
	assert_int_equal(list[0], UINT64_MAX);
	free(list);
}

static void resizes_both_ways(void **state)
{
	uint64_t *list = NULL;
	size_t capacity = 0;

	(void)state;
	assert_true(array_resize(&list, &capacity, 100));
	assert_int_equal(capacity, 100);
	list[9] = 9;
	assert_true(array_resize(&list, &capacity, 10));
	assert_int_equal(capacity, 10);
	assert_int_equal(list[9], 9);
	assert_true(array_resize(&list, &capacity, 0));
	assert_int_equal(capacity, 0);
	assert_non_null(list);
	free(list);
}

static void assert_unchanged(const uint64_t *list, const uint64_t *before,
			     size_t capacity)
{
	assert_ptr_equal(list, before);
	assert_int_equal(capacity, 2);
	assert_int_equal(list[1], 42);
}

struct line {
	uint64_t words[8];
};

/* The elements begin at lines of the cache; the array grows like any other. */
static void begins_at_a_line(void **state)
{
	for (size_t wanted = 1; wanted < 100000; wanted = wanted * 3 + 1) {
		struct line *lines = NULL;
		size_t capacity = 0;

		assert_true(array_reserve_lines(&lines, &capacity, wanted));
		assert_int_equal(capacity, wanted);
		assert_int_equal((uintptr_t)lines % sizeof(*lines), 0);
		lines[wanted - 1].words[7] = wanted;
		assert_false(array_reserve_lines(&lines, &capacity, wanted + 1));
		assert_true(array_reserve(&lines, &capacity, wanted + 1));
		assert_int_equal(lines[wanted - 1].words[7], wanted);
		lines[wanted].words[7] = 1;
		free(lines);
	}
}

static void a_failure_leaves_all_as_it_was(void **state)
{
	uint64_t *list = NULL, *before;
	size_t capacity = 0;

	(void)state;
	assert_true(array_resize(&list, &capacity, 2));
	list[1] = 42;
	before = list;
	out_of_memory = true;
	assert_false(array_reserve(&list, &capacity, 3));
	assert_false(array_reserve_most(&list, &capacity, 3, 10));
	assert_false(array_reserve_zeroed(&list, &capacity, 3));
	assert_false(array_resize(&list, &capacity, 1));
	out_of_memory = false;
	assert_unchanged(list, before, capacity);
	assert_true(array_reserve(&list, &capacity, 3));
	assert_int_equal(list[1], 42);
	free(list);
}

static void sizes_that_overflow_are_refused(void **state)
{
	static const size_t wanted[] = {SIZE_MAX, SIZE_MAX / 8, SIZE_MAX / 8 + 1,
					SIZE_MAX / 8 + 3, PTRDIFF_MAX / 8 + 1};
	uint64_t *list = NULL, *before;
	size_t capacity = 0;

	(void)state;
	assert_true(array_resize(&list, &capacity, 2));
	list[1] = 42;
	before = list;
	nr_reallocs = 0;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		assert_false(array_reserve(&list, &capacity, wanted[i]));
		assert_false(array_reserve_zeroed(&list, &capacity, wanted[i]));
		assert_false(array_resize(&list, &capacity, wanted[i]));
	}
	assert_int_equal(nr_reallocs, 0);
	assert_unchanged(list, before, capacity);
	free(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_elements_while_it_grows),
		cmocka_unit_test(reserves_at_least_what_is_wanted),
		cmocka_unit_test(stops_at_the_most),
		cmocka_unit_test(zeroes_what_is_new),
		cmocka_unit_test(resizes_both_ways),
		cmocka_unit_test(begins_at_a_line),
		cmocka_unit_test(a_failure_leaves_all_as_it_was),
		cmocka_unit_test(sizes_that_overflow_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
