/* SPDX-License-Identifier: MIT */
/* core/fold: which tasks are alike, one row for them, opened and closed, and sorted by
 * what the row shows. */
#include "unit.h"

#include "core/fold.h"
#include "core/stack.h"

static struct stack_table *stacks;
static struct rows rows;
static struct folds folds;
static struct fold_opened opened;

static int set_up(void **state)
{
	stacks = stack_table_new(100);
	rows_init(&rows);
	folds_init(&folds);
	return 0;
}

static int tear_down(void **state)
{
	folds_release(&folds);
	rows_release(&rows);
	stack_table_free(stacks);
	return 0;
}

static const struct stack *at_line(const char *function, int line)
{
	struct frame frame = {.function = function, .file = "server.c", .line = line};

	return stack_intern(stacks, &frame, 1, false);
}

static struct task *add(struct snapshot *s, const struct stack *place, uint64_t object,
			const struct stack *creator)
{
	struct task *task = snapshot_add(s);

	task->id = s->nr_tasks;
	task->state = STATE_MUTEX;
	task->since_ns = (int64_t)s->nr_tasks;
	task->stack = place;
	task->created_by = creator;
	if (object != 0)
		task->waits = (struct waits_on){
			.kind = "mutex", .address = object, .text = "mutex", .fd = -1};
	return task;
}

static void fold(const struct snapshot *s, enum column_id column, bool descending)
{
	struct rows_options options = {.class = -1, .sort = {column, descending}};

	folds_forget(&folds);
	assert_int_equal(rows_update(&rows, s, &options, 1000, NULL), 0);
	assert_int_equal(
		folds_update(&folds, s, &rows, &options.sort, &opened, false, NULL), 0);
}

static char lines_of(size_t row)
{
	return folds.lines[row].is_fold ? '*' : '.';
}

/* The same object, or the same creator, at the same place and in the same state. */
static void alike(void **state)
{
	struct snapshot *s = snapshot_new();
	const struct stack *here = at_line("take", 1), *there = at_line("take", 2);
	const struct stack *one = at_line("start", 3), *other = at_line("start", 4);

	add(s, here, 0x10, one);
	add(s, here, 0x10, other); /* the object of the first */
	add(s, here, 0x20, other); /* the creator of the second */
	fold(s, COLUMN_AGE, true);
	assert_int_equal(folds.nr_lines, 1);
	assert_int_equal(folds.list[0].count, 3);
	assert_int_equal(folds.list[0].since_ns, 1);
	assert_int_equal(s->tasks[folds.list[0].oldest].since_ns, 1);
	add(s, there, 0x10, one); /* another place */
	add(s, here, 0x10, one)->state = STATE_COND;
	add(s, here, 0x10, one)->flags = TASK_STUCK;
	fold(s, COLUMN_AGE, true);
	assert_int_equal(folds.nr_lines, 4);
	assert_int_equal(folds.count, 4);
	/* Tasks of which too little is known are not alike. */
	add(s, NULL, 0, NULL);
	add(s, NULL, 0, NULL);
	fold(s, COLUMN_AGE, true);
	assert_int_equal(folds.nr_lines, 6);
	snapshot_unref(s);
}

/* Of several processes: alike by place and creator, never by an address, which is
 * another object in each of them. */
static void processes(void **state)
{
	struct snapshot *s = snapshot_new();
	const struct stack *here = at_line("take", 1);
	const struct stack *one = at_line("start", 3), *other = at_line("start", 4);

	add(s, here, 0x10, one)->pid = 41;
	add(s, here, 0x10, other)->pid = 42;
	fold(s, COLUMN_AGE, true);
	assert_int_equal(folds.count, 2);
	add(s, here, 0x10, one)->pid = 42; /* links them by creator and by object */
	fold(s, COLUMN_AGE, true);
	assert_int_equal(folds.count, 1);
	assert_int_equal(folds.list[0].count, 3);
	assert_true(fold_differs(&folds, &folds.list[0], &rows, s, COLUMN_PID));
	/* One text with one address, but two objects. */
	assert_true(fold_differs(&folds, &folds.list[0], &rows, s, COLUMN_WAITS));
	snapshot_unref(s);
}

static void opens(void **state)
{
	struct snapshot *s = snapshot_new();
	const struct stack *here = at_line("take", 1), *one = at_line("start", 3);
	uint64_t key;

	for (int i = 0; i < 3; i++)
		add(s, here, 0x10, one);
	add(s, at_line("wait", 5), 0, one);
	fold(s, COLUMN_AGE, true);
	assert_int_equal(folds.nr_lines, 2);
	assert_int_equal(lines_of(0), '*');
	key = folds.list[0].key;
	/* A task of a closed fold is on the fold's line. */
	assert_int_equal(folds_find_task(&folds, 2), 0);
	assert_int_equal(folds_find_key(&folds, key), 0);
	assert_false(fold_differs(&folds, &folds.list[0], &rows, s, COLUMN_WAITS));

	fold_toggle(&opened, key);
	fold(s, COLUMN_AGE, true);
	assert_int_equal(folds.nr_lines, 5);
	assert_int_equal(lines_of(0), '*');
	assert_int_equal(lines_of(3), '.');
	assert_int_equal(folds_find_task(&folds, 2), 3);
	assert_int_equal(folds.lines[4].fold, FOLD_NONE);
	fold_toggle(&opened, key);
	fold(s, COLUMN_AGE, true);
	assert_int_equal(folds.nr_lines, 2);

	/* When one is left, it is found by the key of the fold. */
	s->nr_tasks = 1;
	fold(s, COLUMN_AGE, true);
	assert_int_equal(folds.nr_lines, 1);
	assert_int_equal(lines_of(0), '.');
	assert_int_equal(folds_find_key(&folds, key), 0);
	for (uint64_t i = 0; i < 3 * FOLD_OPEN_MAX; i++)
		fold_toggle(&opened, i + 1);
	assert_in_range(opened.count, 1, FOLD_OPEN_MAX);
	opened.count = 0;
	snapshot_unref(s);
}

/* What is kept of a comparison ends when the rows are folded again. */
static void compares_again(void **state)
{
	struct snapshot *s = snapshot_new();
	const struct stack *here = at_line("take", 1), *one = at_line("start", 3);

	for (int i = 0; i < 3; i++)
		add(s, here, 0x10, one)->name = "a";
	fold(s, COLUMN_AGE, true);
	for (int time = 0; time < 2; time++) {
		assert_false(fold_differs(&folds, &folds.list[0], &rows, s, COLUMN_NAME));
		assert_true(fold_differs(&folds, &folds.list[0], &rows, s, COLUMN_AGE));
	}
	s->tasks[1].name = "b";
	fold(s, COLUMN_AGE, true);
	for (int time = 0; time < 2; time++) {
		assert_true(fold_differs(&folds, &folds.list[0], &rows, s, COLUMN_NAME));
		assert_false(
			fold_differs(&folds, &folds.list[0], &rows, s, COLUMN_WAITS));
	}
	snapshot_unref(s);
}

/* A fold shows sums and the oldest age, and is where they belong. */
static void sorts(void **state)
{
	struct snapshot *s = snapshot_new();
	const struct stack *here = at_line("take", 1), *there = at_line("wait", 5);

	for (int i = 0; i < 3; i++)
		add(s, here, 0x10, NULL)->switches = 4;
	add(s, there, 0x30, NULL)->switches = 9;
	fold(s, COLUMN_SWITCHES, true);
	assert_int_equal(folds.nr_lines, 2);
	assert_int_equal(lines_of(0), '*'); /* 12 switches, more than 9 */
	assert_int_equal(folds.list[folds.lines[0].fold].switches, 12);
	fold(s, COLUMN_SWITCHES, false);
	assert_int_equal(lines_of(0), '.');
	/* The youngest task of the fold is younger than the other, its oldest older. */
	s->tasks[3].since_ns = 2;
	fold(s, COLUMN_AGE, false);
	assert_int_equal(lines_of(0), '.');
	fold(s, COLUMN_AGE, true);
	assert_int_equal(lines_of(0), '*');
	snapshot_unref(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alike), cmocka_unit_test(processes),
		cmocka_unit_test(opens), cmocka_unit_test(compares_again),
		cmocka_unit_test(sorts),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
