/* SPDX-License-Identifier: MIT */
/* Memory from an arena: aligned, zeroed, not beyond its limit. */
#include "unit.h"

#include "base/arena.h"

static void arena_is_zeroed_and_aligned(void **state)
{
	struct arena arena;

	arena_init(&arena, 0);
	for (size_t size = 0; size < 5000; size += 37) {
		unsigned char *bytes = arena_alloc(&arena, size);

		assert_non_null(bytes);
		assert_int_equal((uintptr_t)bytes % 16, 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(bytes[i], 0);
		memset(bytes, 0xa5, size);
	}
	arena_release(&arena);
	assert_int_equal(arena.used_bytes, 0);
}

static void arena_objects_do_not_overlap(void **state)
{
	enum { OBJECTS = 2000 };
	unsigned char *objects[OBJECTS];
	struct arena arena;

	arena_init(&arena, 0);
	for (int i = 0; i < OBJECTS; i++) {
		/* Now and then a large one, which gets a block of its own. */
		size_t size = i % 500 == 7 ? 900000 : 48;

		objects[i] = arena_alloc(&arena, size);
		assert_non_null(objects[i]);
		memset(objects[i], i & 0xff, 48);
	}
	for (int i = 0; i < OBJECTS; i++)
		for (int at = 0; at < 48; at++)
			assert_int_equal(objects[i][at], i & 0xff);
	arena_release(&arena);
}

static void arena_stops_at_its_limit(void **state)
{
	struct arena arena;
	size_t got = 0;

	arena_init(&arena, 1000);
	while (arena_alloc(&arena, 100))
		got++;
	assert_in_range(got, 8, 10);
	assert_true(arena.used_bytes <= 1000);
	assert_null(arena_alloc(&arena, SIZE_MAX));
	assert_null(arena_alloc(&arena, SIZE_MAX - 8));
	assert_null(arena_alloc(&arena, SIZE_MAX / 2 + 1));
	arena_release(&arena);
}

static void arena_texts(void **state)
{
	struct arena arena;
	char unterminated[4] = {'a', 'b', 'c', 'd'};
	char *text;

	arena_init(&arena, 0);
	assert_string_equal(arena_strndup(&arena, "hello", 3), "hel");
	assert_string_equal(arena_strndup(&arena, "hello", 99), "hello");
	assert_string_equal(arena_strndup(&arena, "", 0), "");
	assert_string_equal(arena_strndup(&arena, unterminated, 4), "abcd");
	assert_string_equal(arena_printf(&arena, "%s-%d", "t", 5), "t-5");
	text = arena_printf(&arena, "%0700d", 7);
	assert_int_equal(strlen(text), 700);
	assert_int_equal(text[699], '7');
	arena_release(&arena);
	arena_init(&arena, 64);
	assert_null(arena_printf(&arena, "%0700d", 7));
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arena_is_zeroed_and_aligned),
		cmocka_unit_test(arena_objects_do_not_overlap),
		cmocka_unit_test(arena_stops_at_its_limit),
		cmocka_unit_test(arena_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
