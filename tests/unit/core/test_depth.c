/* SPDX-License-Identifier: MIT */
/* Where a task began, in a libc without debug symbols, which has no names for the functions
 * that start a thread. */
#include "unit.h"

#include "core/depth.h"

enum start { UNKNOWN_START, DEEP, LOOP };

static enum start measured(const char *const *names, size_t count, bool truncated)
{
	struct stack *stack =
		calloc(1, sizeof(*stack) + count * sizeof(stack->frames[0]));
	enum start verdict;

	assert_non_null(stack);
	stack->nr_frames = count;
	stack->truncated = truncated;
	for (size_t i = 0; i < count; i++)
		stack->frames[i].function = names[i];
	depth_measure(stack);
	verdict = !stack->began ? UNKNOWN_START : depth_is_loop(stack) ? LOOP : DEEP;
	free(stack);
	return verdict;
}

static void nameless_start(void **state)
{
	static const char *const loop[] = {"pthread_cond_wait", "next", "worker_main",
					   "libc.so.6+0x891f5", "libc.so.6+0x1098ec"};
	static const char *const deep[] = {"pthread_cond_wait", "a", "b", "c",
					   "libpthread.so.0+0x8609"};
	static const char *const other[] = {"pthread_cond_wait", "next", "worker_main",
					    "libodd.so.6+0x10"};

	(void)state;
	assert_int_equal(measured(loop, COUNT(loop), false), LOOP);
	assert_int_equal(measured(loop, COUNT(loop), true), UNKNOWN_START);
	assert_int_equal(measured(deep, COUNT(deep), false), DEEP);
	assert_int_equal(measured(other, COUNT(other), false), UNKNOWN_START);
}

/* A function of the program that libc calls is not where the thread began. */
static void called_back(void **state)
{
	static const char *const sorts[] = {"read", "compare", "libc.so.6+0x42000",
					    "qsort_r", "work"};

	(void)state;
	assert_int_equal(measured(sorts, COUNT(sorts), false), UNKNOWN_START);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nameless_start),
		cmocka_unit_test(called_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
