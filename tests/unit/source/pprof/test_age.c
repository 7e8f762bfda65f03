/* SPDX-License-Identifier: MIT */
/* The whole minutes of the runtime do not restart a wait at each sample. */
#include "unit.h"

#include "source/pprof/age.h"

#define SECOND_NS 1000000000ll
#define MINUTE_NS (60 * SECOND_NS)

static struct pprof_ages ages;

/* One goroutine that has waited for this many minutes at now_ns, as the runtime says. */
static int64_t look(int64_t now_ns, int64_t minutes, const char *raw)
{
	struct snapshot *snapshot = snapshot_new();
	struct task *task;
	int64_t since_ns;

	assert_non_null(snapshot);
	task = snapshot_add(snapshot);
	assert_non_null(task);
	task->id = 7;
	task->raw = raw;
	task->since_ns = minutes ? now_ns - minutes * MINUTE_NS : 0;
	pprof_ages_update(&ages, snapshot);
	since_ns = snapshot->tasks[0].since_ns;
	snapshot_unref(snapshot);
	return since_ns;
}

static void test_ages(void **state)
{
	static const char send[] = "chan send", receive[] = "chan receive";
	const int64_t start_ns = 10000 * SECOND_NS;
	int64_t first = look(start_ns, 2, send);

	assert_true(first == start_ns - 2 * MINUTE_NS);
	assert_true(look(start_ns + 30 * SECOND_NS, 2, send) == first);
	/* The next minute began earlier than was known. */
	assert_true(look(start_ns + 31 * SECOND_NS, 3, send) ==
		    start_ns + 31 * SECOND_NS - 3 * MINUTE_NS);
	/* Another wait, and one that the runtime cannot date yet. */
	assert_true(look(start_ns + 95 * SECOND_NS, 1, receive) ==
		    start_ns + 35 * SECOND_NS);
	assert_true(look(start_ns + 96 * SECOND_NS, 0, send) == 0);
	assert_true(look(start_ns + 160 * SECOND_NS, 1, send) ==
		    start_ns + 100 * SECOND_NS);
	pprof_ages_release(&ages);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_ages)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
