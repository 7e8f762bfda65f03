/* SPDX-License-Identifier: MIT */
/* Deadlocks of coroutines that wait for several others: for all of them, or for any. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/graph.h"

static struct snapshot *target(void)
{
	struct snapshot *s = snapshot_new();

	assert_non_null(s);
	s->target.pid = 1000;
	s->mono_ns = 1000000000;
	return s;
}

static void build(struct snapshot *s)
{
	assert_int_equal(graph_build(s, NULL), 0);
	graph_settle(s, NULL, NULL);
}

static struct task *add_coroutine(struct snapshot *s, uint64_t id, uint64_t owner)
{
	struct task *task = snapshot_add(s);

	assert_non_null(task);
	task->kind = TASK_COROUTINE;
	task->state = owner ? STATE_JOIN : STATE_SLEEP;
	task->waits.kind = "task";
	task->waits.text = "";
	task->id = id;
	waits_edit(&task->waits, &s->arena)->owner_cid = owner;
	return task;
}

/* A coroutine that waits for two others. */
static struct wait_several *add_several(struct snapshot *s, uint64_t id, bool any,
					uint64_t a, uint64_t b)
{
	struct wait_several *several =
		arena_alloc(&s->arena, sizeof(*several) + 2 * sizeof(several->cids[0]));
	struct task *task = add_coroutine(s, id, 0);

	assert_non_null(several);
	*several = (struct wait_several){.any = any, .nr = 2};
	several->cids[0] = a;
	several->cids[1] = b;
	task->state = STATE_WAITGROUP;
	waits_edit(&task->waits, &s->arena)->several = several;
	return several;
}

static uint32_t next_of(const struct snapshot *s, size_t node)
{
	assert_non_null(s->graph);
	return s->graph->next[node];
}

/* It needs both: that one of them goes on does not help. */
static void one_of_all_is_enough_for_a_deadlock(void **state)
{
	struct snapshot *s = target();

	(void)state;
	add_several(s, 1, false, 2, 3);
	add_coroutine(s, 2, 0);
	add_coroutine(s, 3, 1);
	build(s);
	assert_int_equal(graph_cycles(s), 1);
	assert_int_equal(s->graph->cycles[0].nr_nodes, 2);
	assert_int_equal(next_of(s, 0), 2);
	assert_true(s->tasks[0].flags & s->tasks[2].flags & TASK_DEADLOCK);
	assert_false(s->tasks[1].flags & TASK_DEADLOCK);
	snapshot_unref(s);
}

/* What it needs may be stuck for another reason, but its own circle is found too. */
static void its_own_cycle_is_preferred(void **state)
{
	struct snapshot *s = target();

	(void)state;
	add_coroutine(s, 4, 5);
	add_coroutine(s, 5, 4);
	add_several(s, 1, false, 4, 3);
	add_coroutine(s, 3, 1);
	add_coroutine(s, 6, 1); /* only waits */
	build(s);
	assert_int_equal(graph_cycles(s), 2);
	assert_int_equal(next_of(s, 2), 3);
	assert_false(s->tasks[4].flags & TASK_DEADLOCK);
	snapshot_unref(s);
}

/* Any of two is enough: both must be stuck. */
static void any_needs_all_for_a_deadlock(void **state)
{
	struct snapshot *s = target();

	(void)state;
	add_several(s, 1, true, 2, 3);
	add_coroutine(s, 2, 0);
	add_coroutine(s, 3, 1);
	add_several(s, 11, true, 12, 13);
	add_coroutine(s, 12, 11);
	add_coroutine(s, 13, 12);
	build(s);
	assert_int_equal(graph_cycles(s), 1);
	assert_int_equal(next_of(s, 3), 4);
	assert_int_equal(s->graph->cycles[0].nr_support, 3);
	assert_false(s->tasks[0].flags & TASK_DEADLOCK);
	assert_true(s->tasks[3].flags & s->tasks[4].flags & TASK_DEADLOCK);
	snapshot_unref(s);
}

/* Somebody unknown may end it, or one that is not among the tasks. */
static void several_that_may_end(void **state)
{
	struct snapshot *s = target();

	(void)state;
	add_several(s, 1, true, 2, 3)->open = true;
	add_coroutine(s, 2, 1);
	add_coroutine(s, 3, 1);
	add_several(s, 11, true, 12, 99);
	add_coroutine(s, 12, 11);
	add_several(s, 21, false, 98, 99);
	add_coroutine(s, 22, 21);
	add_several(s, 31, false, 32, 33);
	s->tasks[s->nr_tasks - 1].waits.limited = true;
	add_coroutine(s, 32, 31);
	build(s);
	assert_int_equal(graph_cycles(s), 0);
	snapshot_unref(s);
}

/* Something unknown has to end too, but what is known never does. */
static void all_and_others(void **state)
{
	struct snapshot *s = target();

	(void)state;
	add_several(s, 1, false, 2, 99)->open = true;
	add_coroutine(s, 2, 1);
	build(s);
	assert_int_equal(graph_cycles(s), 1);
	snapshot_unref(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_of_all_is_enough_for_a_deadlock),
		cmocka_unit_test(its_own_cycle_is_preferred),
		cmocka_unit_test(any_needs_all_for_a_deadlock),
		cmocka_unit_test(several_that_may_end),
		cmocka_unit_test(all_and_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
