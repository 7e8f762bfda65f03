/* SPDX-License-Identifier: MIT */
/* base/fill: a large array keeps what its owner writes meanwhile, and may be freed at any
 * time. */
#include "unit.h"

#include <stdlib.h>

#include "base/fill.h"

#define BYTES (40u << 20)

static void keeps_what_is_written(void **state)
{
	struct fill fill = {0};
	unsigned char *array = malloc(BYTES);

	(void)state;
	assert_non_null(array);
	fill_begin(&fill, array, BYTES);
	for (size_t i = 0; i < BYTES; i += 512)
		array[i] = (unsigned char)(i / 512 % 251);
	fill_end(&fill);
	assert_false(fill.runs);
	for (size_t i = 0; i < BYTES; i += 512)
		assert_int_equal(array[i], i / 512 % 251);
	free(array);
}

static void ends_at_any_time(void **state)
{
	struct fill fill = {0};

	(void)state;
	fill_end(&fill); /* has not begun */
	for (int i = 0; i < 5; i++) {
		char *array = malloc(BYTES);

		assert_non_null(array);
		fill_begin(&fill, array + i * 1000, BYTES - (size_t)i * 1000);
		fill_end(&fill);
		fill_end(&fill);
		free(array);
	}
}

static void leaves_small_arrays_alone(void **state)
{
	struct fill fill = {0};
	char array[4096];

	(void)state;
	fill_begin(&fill, array, sizeof(array));
	assert_false(fill.runs);
	fill_begin(&fill, NULL, BYTES);
	assert_false(fill.runs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_what_is_written),
		cmocka_unit_test(ends_at_any_time),
		cmocka_unit_test(leaves_small_arrays_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
