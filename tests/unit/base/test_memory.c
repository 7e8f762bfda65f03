/* SPDX-License-Identifier: MIT */
/* base/arena, base/buf, base/intern: limits, growth, stable addresses. */
#include "unit.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/intern.h"

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
	/* What is known stays known. */
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
		cmocka_unit_test(arena_is_zeroed_and_aligned),
		cmocka_unit_test(arena_objects_do_not_overlap),
		cmocka_unit_test(arena_stops_at_its_limit),
		cmocka_unit_test(arena_texts),
		cmocka_unit_test(buf_grows_and_terminates),
		cmocka_unit_test(buf_stops_at_its_limit),
		cmocka_unit_test(buf_is_there_after_nothing),
		cmocka_unit_test(intern_equal_texts_are_one),
		cmocka_unit_test(intern_is_stable_when_it_grows),
		cmocka_unit_test(intern_stops_at_its_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
