/* SPDX-License-Identifier: MIT */
/* core/texts: texts that snapshots share live as long as the last of them, and those that
 * were left behind are given up. */
#include "unit.h"

#include <stdio.h>

#include "core/texts.h"

static struct snapshot *look(struct texts_keeper *keeper)
{
	struct snapshot *snapshot = snapshot_new();

	assert_true(texts_begin(keeper, snapshot));
	return snapshot;
}

static void a_snapshot_keeps_its_texts(void **state)
{
	struct texts_keeper keeper = {0};
	struct snapshot *first = look(&keeper), *second = look(&keeper);
	const char *text = texts_add(&keeper, "mutex 0x1", 64);

	texts_end(&keeper);
	texts_keeper_release(&keeper);
	snapshot_unref(first);
	assert_string_equal(text, "mutex 0x1");
	snapshot_unref(second);
}

static void texts_left_behind_are_given_up(void **state)
{
	struct texts_keeper keeper = {0};
	struct snapshot *last = look(&keeper);
	uint32_t generation = keeper.generation;
	const char *text = texts_add(&keeper, "kept", 64);
	unsigned changes = 0;
	char long_text[128];

	assert_true(generation != 0);
	texts_end(&keeper);
	/* A row whose text changes in every look. */
	for (int i = 0; i < 100000 && changes < 3; i++) {
		struct snapshot *next = look(&keeper);

		if (keeper.generation != generation) {
			assert_string_equal(text, "kept");
			generation = keeper.generation;
			text = texts_add(&keeper, "kept", 64);
			changes++;
		}
		snprintf(long_text, sizeof(long_text), "%0100d", i);
		assert_non_null(texts_add(&keeper, long_text, sizeof(long_text)));
		texts_end(&keeper);
		snapshot_unref(last);
		last = next;
	}
	assert_int_equal(changes, 3);
	snapshot_unref(last);
	texts_keeper_release(&keeper);
}

static void another_snapshot_takes_them_over(void **state)
{
	struct texts_keeper keeper = {0};
	struct snapshot *part = look(&keeper), *other = look(&keeper);
	struct snapshot *whole = snapshot_new();
	const char *text = texts_add(&keeper, "fd 5", 64);

	texts_end(&keeper);
	texts_keeper_release(&keeper);
	snapshot_adopt_texts(whole, part);
	snapshot_adopt_texts(whole, other);
	snapshot_unref(part);
	snapshot_unref(other);
	assert_string_equal(text, "fd 5");
	snapshot_unref(whole);
}

/* They may have times of day. */
static void texts_are_given_up_when_the_clock_is_set(void **state)
{
	static const int64_t ahead_ns[] = {7000000000, 7100000000, 6900000000,
					   3600000000000, 7000000000};
	static const bool fresh[] = {true, false, false, true, true};
	struct texts_keeper keeper = {0};

	for (size_t i = 0; i < sizeof(fresh) / sizeof(fresh[0]); i++) {
		struct snapshot *snapshot = snapshot_new();
		uint32_t before = keeper.generation;

		snapshot->mono_ns = (int64_t)i * 1000000000;
		snapshot->real_ns = snapshot->mono_ns + ahead_ns[i];
		assert_true(texts_begin(&keeper, snapshot));
		texts_end(&keeper);
		assert_int_equal(keeper.generation != before, fresh[i]);
		assert_int_equal(keeper.began, fresh[i]);
		snapshot_unref(snapshot);
	}
	texts_keeper_release(&keeper);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_snapshot_keeps_its_texts),
		cmocka_unit_test(texts_left_behind_are_given_up),
		cmocka_unit_test(texts_are_given_up_when_the_clock_is_set),
		cmocka_unit_test(another_snapshot_takes_them_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
