/* SPDX-License-Identifier: MIT */
/* Marks: tasks that are new, gone and moved; groups that have grown and shrunk; how many
 * marks are kept, and which are dropped; and 100,000 tasks in bounded memory and time. */
#include "unit.h"

#include <malloc.h>

#include "base/clock.h"
#include "base/intern.h"
#include "core/mark.h"
#include "core/stack.h"

#define STACKS 3

static struct intern *intern;
static struct stack_table *table;
static const struct stack *stacks[STACKS];
static struct grouping *grouping;
static struct err e;

static int setup(void **state)
{
	struct frame frame = {.file = NULL};

	(void)state;
	intern = intern_new(0);
	table = stack_table_new(64);
	for (int i = 0; i < STACKS; i++) {
		char name[16];
		int length = snprintf(name, sizeof(name), "function_%d", i);

		frame.function = intern_text(intern, name, (size_t)length);
		frame.line = 10 + i;
		stacks[i] = stack_intern(table, &frame, 1, false);
	}
	grouping = grouping_new(NULL, &e);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	grouping_free(grouping);
	stack_table_free(table);
	intern_free(intern);
	return 0;
}

static struct snapshot *begin(int64_t seconds)
{
	struct snapshot *s = snapshot_new();

	assert_non_null(s);
	s->mono_ns = seconds * SECOND;
	s->real_ns = (1000000 + seconds) * SECOND;
	s->target.name = "server";
	return s;
}

static struct task *add(struct snapshot *s, uint64_t id, enum task_state state, int stack)
{
	struct task *task = snapshot_add(s);

	assert_non_null(task);
	task->id = id;
	task->serial = id * 10;
	task->state = state;
	task->stack = stack < 0 ? NULL : stacks[stack];
	task->created_by = stacks[0];
	task->name = id % 2 ? "odd" : "even";
	task->since_ns = SECOND;
	return task;
}

static struct snapshot *finish(struct snapshot *s)
{
	snapshot_count(s);
	grouping_update(grouping, s);
	assert_non_null(s->groups);
	return s;
}

static const struct task *change_of(const struct mark_changes *changes, uint64_t id)
{
	for (size_t i = 0; i < changes->snapshot->nr_tasks; i++)
		if (changes->snapshot->tasks[i].id == id)
			return &changes->snapshot->tasks[i];
	return NULL;
}

static void tasks_new_gone_moved(void **state)
{
	struct marks marks = {.count = 0};
	struct mark_changes changes;
	struct snapshot *before = begin(10), *now = begin(20), *gone;
	const struct task *task;
	size_t at;

	(void)state;
	for (uint64_t id = 1; id <= 6; id++)
		add(before, id, STATE_MUTEX, 0);
	assert_int_equal(marks_add(&marks, finish(before), &e), 0);
	snapshot_unref(before); /* the mark needs it no longer */

	add(now, 7, STATE_MUTEX, 0);     /* new */
	add(now, 6, STATE_MUTEX, 0);     /* at another place in the list */
	add(now, 5, STATE_CHAN_SEND, 0); /* another state */
	add(now, 4, STATE_MUTEX, 1);     /* another stack */
	add(now, 3, STATE_MUTEX, 0)->waits =
		(struct waits_on){.kind = "mutex", .address = 64}; /* another object */
	add(now, 2, STATE_MUTEX, 0)->serial = 999; /* the id, used again */
	finish(now);
	assert_int_equal(mark_compare(marks_chosen(&marks), now, &changes, &e), 0);
	assert_int_equal(changes.nr_new, 2);
	assert_int_equal(changes.nr_moved, 3);
	assert_int_equal(changes.nr_gone, 2);
	assert_int_equal(changes.snapshot->nr_tasks, 7);
	assert_null(change_of(&changes, 6));
	assert_true(change_of(&changes, 7)->flags & TASK_NEW);
	for (uint64_t id = 3; id <= 5; id++)
		assert_true(change_of(&changes, id)->flags & TASK_MOVED);
	task = change_of(&changes, 5);
	at = (size_t)(task - changes.snapshot->tasks);
	assert_int_equal(changes.before[at]->state, STATE_MUTEX);
	task = change_of(&changes, 1);
	at = (size_t)(task - changes.snapshot->tasks);
	assert_true(task->flags & TASK_GONE);
	assert_string_equal(task->name, "odd");
	assert_ptr_equal(task->stack, stacks[0]);

	gone = mark_gone(marks_chosen(&marks), changes.before[at], now);
	snapshot_unref(changes.snapshot);
	snapshot_unref(now);
	marks_clear(&marks);
	assert_int_equal(gone->nr_tasks, 1);
	assert_string_equal(gone->tasks[0].name, "odd");
	assert_string_equal(gone->target.name, "server");
	assert_int_equal(gone->tasks[0].id, 1);
	snapshot_unref(gone);
}

static const struct group_change *find(const struct group_change *list, size_t count,
				       const struct stack *stack)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].group->stack == stack)
			return &list[i];
	return NULL;
}

static void groups_grow_and_shrink(void **state)
{
	static struct group_change list[2 * GROUPS_MAX];
	struct marks marks = {.count = 0};
	struct snapshot *before = begin(10), *now = begin(20);
	const struct group_change *change;
	struct group_identity identity;
	size_t count;

	(void)state;
	for (uint64_t id = 1; id <= 8; id++)
		add(before, id, STATE_MUTEX, id <= 5 ? 0 : 1);
	marks_add(&marks, finish(before), &e);
	snapshot_unref(before);
	for (uint64_t id = 1; id <= 12; id++)
		add(now, id, STATE_MUTEX, id <= 9 ? 0 : 2);
	finish(now);

	count = mark_compare_groups(marks_chosen(&marks), now->groups, GROUP_STACK, list);
	assert_int_equal(count, 3);
	change = find(list, count, stacks[0]);
	assert_int_equal(change->change, CHANGE_GROWN);
	assert_int_equal(change->difference, 4);
	change = find(list, count, stacks[2]);
	assert_int_equal(change->change, CHANGE_NEW);
	assert_int_equal(change->difference, 3);
	change = find(list, count, stacks[1]);
	assert_int_equal(change->change, CHANGE_GONE);
	assert_int_equal(change->difference, -3);
	identity = group_identify(change->group);
	assert_int_equal(mark_group(marks_chosen(&marks), GROUP_STACK, &identity)->count,
			 3);

	/* By state all of them are one, which has grown. */
	count = mark_compare_groups(marks_chosen(&marks), now->groups, GROUP_STATE, list);
	assert_int_equal(count, 1);
	assert_int_equal(list[0].change, CHANGE_GROWN);
	assert_int_equal(list[0].difference, 4);
	/* Without a mark nothing has changed. */
	count = mark_compare_groups(NULL, now->groups, GROUP_STACK, list);
	assert_int_equal(count, 2);
	assert_int_equal(list[0].change, CHANGE_NONE);
	snapshot_unref(now);
	marks_clear(&marks);
}

/* Tasks that one place has created are one group only if their ancestors agree. */
static void groups_by_ancestors(void **state)
{
	static struct group_change list[2 * GROUPS_MAX];
	struct stack_table *own = stack_table_new(64);
	struct frame frames[3] = {{.address = 1}, {.address = 2}, {.address = 3}};
	const struct stack *one[2], *other[2];
	struct marks marks = {.count = 0};
	struct snapshot *before = begin(10), *now = begin(20);
	size_t count;

	(void)state;
	one[0] = other[0] = stack_intern(own, &frames[0], 1, false);
	one[1] = stack_intern(own, &frames[1], 1, false);
	other[1] = stack_intern(own, &frames[2], 1, false);
	for (int i = 0; i < 2; i++) {
		struct snapshot *s = i ? now : before;

		for (uint64_t id = 1; id <= 2; id++) {
			struct task *task = add(s, id, STATE_MUTEX, 0);

			task->created_by = one[0];
			task_edit(task, &s->arena)->ancestry =
				stack_intern_ancestry(own, id == 2 ? other : one, 2);
		}
	}
	add(now, 3, STATE_MUTEX, 0)->created_by = one[0];
	now->tasks[2].more = now->tasks[1].more;
	marks_add(&marks, finish(before), &e);
	snapshot_unref(before);
	finish(now);
	assert_int_equal(now->groups->count[GROUP_CREATOR], 2);
	assert_int_equal(now->groups->count[GROUP_STACK], 1);
	assert_true(now->groups->list[GROUP_STACK][0].mixed_creators);
	count = mark_compare_groups(marks_chosen(&marks), now->groups, GROUP_CREATOR,
				    list);
	assert_int_equal(count, 2);
	for (size_t i = 0; i < count; i++) {
		const struct group *group = list[i].group;
		bool first = group->ancestry == task_more(&now->tasks[0])->ancestry;

		assert_int_equal(list[i].change, first ? CHANGE_NONE : CHANGE_GROWN);
		assert_int_equal(group->count, first ? 1 : 2);
		assert_int_equal(group_has(group, &now->tasks[0]), first);
		assert_int_equal(group_has(group, &now->tasks[2]), !first);
	}
	snapshot_unref(now);
	marks_clear(&marks);
	grouping_reset(grouping);
	stack_table_free(own);
}

/* Groups get other serials when their source changes, but are the same. */
static void groups_by_what_they_are(void **state)
{
	static struct group_change list[2 * GROUPS_MAX];
	struct marks marks = {.count = 0};
	struct snapshot *before = begin(10), *now = begin(20);

	(void)state;
	add(before, 1, STATE_MUTEX, 0);
	add(before, 2, STATE_MUTEX, -1); /* no stack: by its state */
	marks_add(&marks, finish(before), &e);
	snapshot_unref(before);
	grouping_reset(grouping);
	add(now, 1, STATE_MUTEX, 0);
	add(now, 2, STATE_MUTEX, -1);
	add(now, 3, STATE_COND, -1);
	finish(now);
	assert_int_equal(
		mark_compare_groups(marks_chosen(&marks), now->groups, GROUP_STACK, list),
		3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(list[i].change, list[i].group->state == STATE_COND
							 ? CHANGE_NEW
							 : CHANGE_NONE);
	snapshot_unref(now);
	marks_clear(&marks);
}

/* Texts of labels are each snapshot's own, and gone with it. */
static void groups_of_labels(void **state)
{
	static struct group_change list[2 * GROUPS_MAX];
	struct marks marks = {.count = 0};
	struct snapshot *before = begin(10), *now = begin(20);
	struct label *labels = arena_alloc(&before->arena, 2 * sizeof(*labels));

	(void)state;
	labels[0] = (struct label){"request", arena_strndup(&before->arena, "/api", 9)};
	labels[1] = (struct label){"request", arena_strndup(&before->arena, "/old", 9)};
	for (uint64_t id = 1; id <= 2; id++) {
		struct task *task = add(before, id, STATE_MUTEX, 0);

		task->labels = &labels[id - 1];
		task->nr_labels = 1;
	}
	marks_add(&marks, finish(before), &e);
	snapshot_unref(before);
	labels = arena_alloc(&now->arena, sizeof(*labels));
	labels[0] = (struct label){"request", arena_strndup(&now->arena, "/api", 9)};
	for (uint64_t id = 1; id <= 3; id += 2) {
		struct task *task = add(now, id, STATE_MUTEX, 0);

		task->labels = labels;
		task->nr_labels = 1;
	}
	finish(now);
	assert_int_equal(
		mark_compare_groups(marks_chosen(&marks), now->groups, GROUP_LABEL, list),
		2);
	for (int i = 0; i < 2; i++) {
		bool old = strcmp(list[i].group->label_text, "/old") == 0;

		assert_int_equal(list[i].change, old ? CHANGE_GONE : CHANGE_GROWN);
		assert_int_equal(list[i].difference, old ? -1 : 1);
		assert_string_equal(list[i].group->label_key, "request");
	}
	snapshot_unref(now);
	marks_clear(&marks);
}

static void several_marks(void **state)
{
	struct marks marks = {.count = 0};
	struct snapshot *s = begin(10);

	(void)state;
	add(s, 1, STATE_MUTEX, 0);
	finish(s);
	assert_null(marks_chosen(&marks));
	marks_choose_next(&marks);
	for (unsigned i = 0; i < 3 * MARKS_MAX; i++) {
		s->real_ns += SECOND;
		assert_int_equal(marks_add(&marks, s, &e), 0);
		assert_int_equal(marks_chosen(&marks)->number, i);
		assert_int_equal(marks_chosen(&marks)->real_ns, s->real_ns);
	}
	assert_int_equal(marks.count, MARKS_MAX);
	assert_int_equal(marks.list[0]->number, 0); /* the first sample stays */
	assert_int_equal(marks.list[1]->number, 2 * MARKS_MAX + 1);
	marks_choose_next(&marks);
	assert_int_equal(marks_chosen(&marks)->number, 0);
	marks_choose_next(&marks);
	assert_int_equal(marks_chosen(&marks)->number, 2 * MARKS_MAX + 1);
	snapshot_unref(s);
	marks_clear(&marks);
}

static size_t heap_bytes(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

static void many_tasks(void **state)
{
	const uint64_t count = 100000;
	struct marks marks = {.count = 0};
	struct mark_changes changes;
	struct snapshot *s = begin(10);
	size_t before, most;
	int64_t start_ns, took_ns = INT64_MAX;

	(void)state;
	for (uint64_t id = 1; id <= count; id++)
		add(s, id, STATE_MUTEX, (int)(id % STACKS));
	finish(s);
	before = heap_bytes();
	marks_add(&marks, s, &e);
	most = heap_bytes() - before;
	assert_true(most < 12u << 20); /* about 80 bytes a task */
	for (int i = 0; i < 40; i++)
		marks_add(&marks, s, &e);
	assert_true(heap_bytes() - before <= most * MARKS_MAX + (1u << 20));
	for (int i = 0; i < 5; i++) {
		start_ns = clock_mono_ns();
		assert_int_equal(mark_compare(marks_chosen(&marks), s, &changes, &e), 0);
		if (clock_mono_ns() - start_ns < took_ns)
			took_ns = clock_mono_ns() - start_ns;
		assert_int_equal(changes.snapshot->nr_tasks, 0);
		snapshot_unref(changes.snapshot);
	}
	print_message("# 100,000 tasks: a mark has %zu kB, comparing takes %.1f ms\n",
		      most / 1024, (double)took_ns / 1e6);
	snapshot_unref(s);
	marks_clear(&marks);
	assert_true(heap_bytes() < before + (1u << 20));
}

/* The oldest marks are dropped if all together have too many tasks; a mark that is too
 * large by itself is not kept. */
static void too_many_tasks(void **state)
{
	struct marks marks = {.count = 0};
	struct snapshot *s = begin(10);
	size_t all = 0;

	(void)state;
	for (uint64_t id = 1; id <= MARKS_TASKS_MAX / 3; id++)
		add(s, id, STATE_MUTEX, 0);
	for (int i = 0; i < 5; i++)
		assert_int_equal(marks_add(&marks, s, &e), 0);
	for (size_t i = 0; i < marks.count; i++)
		all += marks.list[i]->nr_tasks;
	assert_true(all <= MARKS_TASKS_MAX);
	assert_int_equal(marks.count, 3);
	assert_int_equal(marks.list[0]->number, 0);
	for (uint64_t id = s->nr_tasks; s->nr_tasks <= MARKS_TASKS_MAX; id++)
		add(s, id, STATE_MUTEX, 0);
	assert_int_equal(marks_add(&marks, s, &e), ERR_USAGE);
	assert_contains(e.text, "at most");
	assert_int_equal(marks.count, 3);
	snapshot_unref(s);
	marks_clear(&marks);
}

/* By stack, three tasks whose stacks come one after the other. */
static struct snapshot *arriving(int64_t seconds, uint64_t nr_stacks, bool partial)
{
	struct snapshot *s = begin(seconds);

	for (uint64_t id = 1; id <= 3; id++)
		add(s, id, STATE_MUTEX, id <= nr_stacks ? 1 : -1);
	s->partial = partial;
	return finish(s);
}

static void start_waits_for_stacks(void **state)
{
	struct marks marks = {0};
	static struct group_change changes[2 * GROUPS_MAX];
	struct snapshot *looks[] = {arriving(1, 1, true), arriving(2, 2, true),
				    arriving(3, 3, false), arriving(4, 3, false)};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		size_t count;

		marks_start(&marks, looks[i]);
		assert_int_equal(marks.count, 1);
		assert_int_equal(marks_chosen(&marks)->number, 0);
		assert_int_equal(marks_chosen(&marks)->mono_ns,
				 (i < 2 ? (int64_t)i + 1 : 3) * SECOND);
		count = mark_compare_groups(marks_chosen(&marks), looks[i]->groups,
					    GROUP_STACK, changes);
		for (size_t k = 0; k < count; k++)
			assert_int_equal(changes[k].change, CHANGE_NONE);
	}
	marks_clear(&marks);

	/* Stacks that never come: no longer than three seconds. */
	for (int64_t second = 0; second < 6; second++) {
		struct snapshot *s = arriving(10 + second, 1, true);

		marks_start(&marks, s);
		assert_int_equal(marks_chosen(&marks)->mono_ns,
				 (second < 3 ? 10 + second : 13) * SECOND);
		snapshot_unref(s);
	}
	/* The user's own mark is left alone, and so is the first then. */
	marks_clear(&marks);
	marks_start(&marks, looks[0]);
	assert_int_equal(marks_add(&marks, looks[0], &e), 0);
	marks_start(&marks, looks[1]);
	assert_int_equal(marks.count, 2);
	assert_int_equal(marks.list[0]->mono_ns, SECOND);
	marks_clear(&marks);
	for (size_t i = 0; i < 4; i++)
		snapshot_unref(looks[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(tasks_new_gone_moved, setup, teardown),
		cmocka_unit_test_setup_teardown(groups_grow_and_shrink, setup, teardown),
		cmocka_unit_test_setup_teardown(groups_by_what_they_are, setup, teardown),
		cmocka_unit_test_setup_teardown(groups_by_ancestors, setup, teardown),
		cmocka_unit_test_setup_teardown(groups_of_labels, setup, teardown),
		cmocka_unit_test_setup_teardown(several_marks, setup, teardown),
		cmocka_unit_test_setup_teardown(many_tasks, setup, teardown),
		cmocka_unit_test_setup_teardown(too_many_tasks, setup, teardown),
		cmocka_unit_test_setup_teardown(start_waits_for_stacks, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
