/* SPDX-License-Identifier: MIT */
/* Interned texts: one address for equal texts, stable while the table grows. */
#include "unit.h"

#include "base/intern.h"

static void intern_equal_texts_are_one(void **state)
{
	struct intern *table = intern_new(1 << 20);
	const char *one = intern_text(table, "main.loop", 9);
	char copy[] = "main.loop and more";

	assert_ptr_equal(intern_text(table, copy, 9), one);
	assert_ptr_not_equal(intern_text(table, copy, 8), one);
	assert_string_equal(intern_text(table, copy, 8), "main.loo");
	/* A NUL ends a text wherever it is. */
	assert_ptr_equal(intern_text(table, "main.loop\0tail", 14), one);
	assert_string_equal(intern_text(table, "", 0), "");
	assert_ptr_equal(intern_text(table, NULL, 0), intern_text(table, "x", 0));
	intern_free(table);
}

static void intern_is_stable_when_it_grows(void **state)
{
	struct intern *table = intern_new(64 << 20);
	const char **texts = calloc(20000, sizeof(*texts));
	char name[32];

	for (int i = 0; i < 20000; i++)
		texts[i] = intern_text(table, name,
				       (size_t)snprintf(name, sizeof(name), "f%d", i));
	for (int i = 0; i < 20000; i++) {
		size_t bytes = (size_t)snprintf(name, sizeof(name), "f%d", i);

		assert_ptr_equal(intern_text(table, name, bytes), texts[i]);
		assert_string_equal(texts[i], name);
	}
	free(texts);
	intern_free(table);
}

static void intern_stops_at_its_limit(void **state)
{
	struct intern *table = intern_new(10000);
	const char *first = intern_text(table, "first", 5);
	char name[32];
	int overflows = 0;

	for (int i = 0; i < 5000; i++)
		overflows += intern_text(table, name,
					 (size_t)snprintf(name, sizeof(name), "n%d",
							  i)) == intern_overflow;
	assert_in_range(overflows, 4000, 4900);
	assert_true(intern_bytes(table) <= 10000 + 64);
	/* Texts that are known stay known. */
	assert_ptr_equal(intern_text(table, "first", 5), first);
	intern_free(table);

	table = intern_new(10);
	assert_ptr_equal(intern_text(table, "longer than ten bytes", 21),
			 intern_overflow);
	intern_free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(intern_equal_texts_are_one),
		cmocka_unit_test(intern_is_stable_when_it_grows),
		cmocka_unit_test(intern_stops_at_its_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
