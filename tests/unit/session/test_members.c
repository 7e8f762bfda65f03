/* SPDX-License-Identifier: MIT */
/* Several child processes as one target, with a source that the test replaces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/order.h"
#include "session/members.h"

#define CHILDREN 3

static struct {
	pid_t children[CHILDREN]; /* ordered */
	struct access pattern;
	struct guard guard;
	struct members *members;
} world;

/* What the source was asked, one call after another. */
static struct {
	size_t nr;
	uint64_t ids[8];
} calls[CHILDREN];
static size_t nr_calls;

static int fake_sample(void *ctx, const struct source_focus *focus, struct snapshot *out,
		       struct err *e)
{
	(void)ctx;
	(void)e;
	assert_true(nr_calls < CHILDREN && focus->nr_holds <= 8);
	calls[nr_calls].nr = focus->nr_holds;
	for (size_t i = 0; i < focus->nr_holds; i++)
		calls[nr_calls].ids[i] = focus->holds[i].id;
	nr_calls++;
	for (uint64_t id = 1; id <= 2; id++) {
		struct task *task = snapshot_add(out);

		task->kind = TASK_GOROUTINE;
		task->id = id;
	}
	out->target.name = out->target.sources = "";
	resources_init(&out->resources);
	return 0;
}

static void fake_close(void *ctx)
{
	(void)ctx;
}

static const struct source_ops fake = {
	.name = "fake", .sample = fake_sample, .close = fake_close};

static int setup(void **state)
{
	struct words *words = words_new();
	struct err e = {0};
	char pid[24];

	(void)state;
	for (size_t i = 0; i < CHILDREN; i++) {
		world.children[i] = fork();
		if (world.children[i] == 0) {
			pause();
			_exit(0);
		}
		assert_true(world.children[i] > 0);
		snprintf(pid, sizeof(pid), "%d", (int)world.children[i]);
		assert_int_equal(words_add(words, pid, &e), 0);
	}
	qsort(world.children, CHILDREN, sizeof(world.children[0]), order_pid);
	world.pattern = (struct access){.source = "fake", .ops = &fake, .pidfd = -1};
	world.pattern.target.intern = intern_new(1u << 20);
	world.pattern.target.stacks = stack_table_new(1000);
	guard_init(&world.guard, NULL);
	world.members = members_new(words, &world.pattern, &world.guard);
	return world.members ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	members_free(world.members);
	guard_release(&world.guard);
	stack_table_free(world.pattern.target.stacks);
	intern_free(world.pattern.target.intern);
	for (size_t i = 0; i < CHILDREN; i++) {
		kill(world.children[i], SIGKILL);
		waitpid(world.children[i], NULL, 0);
	}
	return 0;
}

static struct snapshot *take(const struct source_focus *focus)
{
	struct snapshot *snapshot = NULL;
	struct err e = {0};

	nr_calls = 0;
	assert_int_equal(members_sample(world.members, focus, &snapshot, &e), 0);
	assert_int_equal(nr_calls, CHILDREN);
	assert_int_equal(snapshot->nr_tasks, 2 * CHILDREN);
	return snapshot;
}

/* The wishes come in any order. */
static void asks_each_process_for_its_own_goroutines(void **state)
{
	const int kind = TASK_GOROUTINE;
	const struct holds_wish wishes[] = {{world.children[2], kind, 2},
					    {world.children[0], kind, 1},
					    {world.children[2], kind, 1},
					    {1, kind, 1}};
	struct source_focus focus = {.holds = wishes, .nr_holds = 4};

	(void)state;
	snapshot_unref(take(&focus));
	assert_int_equal(calls[0].nr, 1);
	assert_int_equal(calls[0].ids[0], 1);
	assert_int_equal(calls[1].nr, 0);
	assert_int_equal(calls[2].nr, 2);
	assert_int_equal(calls[2].ids[0], 1);
	assert_int_equal(calls[2].ids[1], 2);
	focus.nr_holds = 0;
	snapshot_unref(take(&focus));
	assert_int_equal(calls[0].nr + calls[1].nr + calls[2].nr, 0);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(asks_each_process_for_its_own_goroutines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
