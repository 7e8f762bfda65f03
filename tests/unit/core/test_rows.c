/* SPDX-License-Identifier: MIT */
/* core/rows and core/sort, compared with a plain sort of the same rows. */
#include "unit.h"

#include <math.h>

#include "base/intern.h"
#include "core/rows.h"
#include "core/sort.h"
#include "core/stack.h"

#define NOW (100000 * SECOND)

static struct snapshot *snapshot;
static struct intern *intern;
static struct stack_table *stacks;
static uint64_t random_state = 4711;

static uint32_t random_below(uint32_t limit)
{
	random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(random_state >> 33) % limit;
}

static const struct stack *random_stack(void)
{
	struct frame frames[2];
	char name[200];
	int bytes;

	memset(frames, 0, sizeof(frames));
	frames[0].function = intern_text(intern, "poll", 4);
	/* Some differ only far to the right, and some not within the part that is
	 * compared. */
	bytes = snprintf(name, sizeof(name), "%s%0*u", "handler_of_",
			 1 + 60 * (int)random_below(3), random_below(20));
	frames[1].function =
		random_below(10) ? intern_text(intern, name, (size_t)bytes) : NULL;
	frames[1].file = random_below(5) ? "/srv/b/main.c" : "/srv/a/http.c";
	frames[1].line = (int)random_below(30);
	frames[1].address = 0x1000 + random_below(5);
	return stack_intern(stacks, frames, 2, false);
}

static int set_up(void **state)
{
	static const float percents[] = {-1, 0, 0.1f, 50, 99.9f, 800, NAN, -0.0f};

	intern = intern_new(1 << 24);
	stacks = stack_table_new(100000);
	snapshot = snapshot_new();
	snapshot->mono_ns = NOW;
	for (int i = 0; i < 5000; i++) {
		struct task *task = snapshot_add(snapshot);
		struct label *label = arena_alloc(&snapshot->arena, 2 * sizeof(*label));

		task->kind = (enum task_kind)random_below(3);
		task->id = random_below(20) ? random_below(3000)
					    : UINT64_MAX - random_below(3);
		task->serial = (uint64_t)i;
		task->state = (enum task_state)random_below(STATE_COUNT + 1);
		task->flags = random_below(TASK_NEW * 2);
		task->since_ns = random_below(10) ? NOW - random_below(50) * SECOND : 0;
		task->name =
			arena_printf(&snapshot->arena, "worker-%u", random_below(500));
		task->waits.kind = random_below(2) ? "mutex" : NULL;
		task->waits.text =
			arena_printf(&snapshot->arena, "mutex of t%u", random_below(500));
		task->stack = random_below(8) ? random_stack() : NULL;
		task->created_by = random_below(8) ? random_stack() : NULL;
		if (random_below(2))
			task_edit(task, &snapshot->arena)->creator_name = "main";
		/* Some texts are those of several keys, and some tasks have two labels. */
		for (int at = 0; at < 2; at++) {
			label[at].key = random_below(3) ? "request" : "tenant";
			label[at].text = arena_printf(&snapshot->arena, "/api/%u",
						      random_below(300));
		}
		task->labels = label;
		task->nr_labels = random_below(3);
		task->cpu_percent = percents[random_below(COUNT(percents))];
		task->switches = random_below(20) ? random_below(100) : UINT64_MAX;
	}
	return 0;
}

static int tear_down(void **state)
{
	snapshot_unref(snapshot);
	stack_table_free(stacks);
	intern_free(intern);
	return 0;
}

static struct rows_options options_for(enum column_id column, bool descending)
{
	return (struct rows_options){.class = -1, .sort = {column, descending}};
}

static int compare_numbers(double a, double b)
{
	return a < b ? -1 : a > b;
}

static int compare_columns(enum column_id column, const struct task *a,
			   const struct task *b)
{
	char a_cell[COLUMN_TEXT_MAX], b_cell[COLUMN_TEXT_MAX];

	switch (column) {
	case COLUMN_ID:
		if (a->kind != b->kind)
			return a->kind < b->kind ? -1 : 1;
		return a->id < b->id ? -1 : a->id > b->id;
	case COLUMN_SWITCHES:
		return a->switches < b->switches ? -1 : a->switches > b->switches;
	case COLUMN_MARK:
	case COLUMN_AGE:
	case COLUMN_CPU:
		return compare_numbers(column_number(column, a, NOW),
				       column_number(column, b, NOW));
	default:
		return strncmp(column_format(column, a, NOW, a_cell),
			       column_format(column, b, NOW, b_cell), 128);
	}
}

/* The order that is promised, of two tasks. */
static int compare(enum column_id column, bool descending, const struct task *a,
		   const struct task *b)
{
	const uint64_t max = (1ull << 62) - 1; /* ids beyond are equal */
	uint64_t a_id = a->id < max ? a->id : max, b_id = b->id < max ? b->id : max;
	int order = compare_columns(column, a, b);

	if (column == COLUMN_ID && a->kind == b->kind && a_id == b_id)
		order = 0;
	if (order != 0)
		return descending ? -order : order;
	if (task_age_ns(a, NOW) != task_age_ns(b, NOW))
		return task_age_ns(a, NOW) > task_age_ns(b, NOW) ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return a_id < b_id ? -1 : a_id > b_id;
}

static void every_column_sorts_both_ways(void **state)
{
	struct rows rows;

	rows_init(&rows);
	for (int column = 0; column < COLUMN_COUNT; column++) {
		for (int descending = 0; descending < 2; descending++) {
			struct rows_options options =
				options_for((enum column_id)column, descending);
			char *seen = calloc(1, snapshot->nr_tasks);

			assert_int_equal(
				rows_update(&rows, snapshot, &options, NOW, NULL), 0);
			assert_int_equal(rows.count, snapshot->nr_tasks);
			for (size_t i = 0; i < rows.count; i++) {
				const struct task *tasks = snapshot->tasks;

				assert_int_equal(seen[rows.index[i]]++, 0);
				if (i > 0 && compare((enum column_id)column, descending,
						     &tasks[rows.index[i - 1]],
						     &tasks[rows.index[i]]) > 0)
					fail_msg("column %d, %d: row %zu", column,
						 descending, i);
			}
			free(seen);
		}
	}
	rows_release(&rows);
}

/* A plain sort, for which the rows are known. */
static const struct rows_options *asked_for;
static const struct snapshot *sorted;

static int compare_rows(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
	int order = compare(asked_for->sort.column, asked_for->sort.descending,
			    &sorted->tasks[a], &sorted->tasks[b]);

	return order != 0 ? order : a < b ? -1 : a > b;
}

static void assert_same_rows(struct rows *rows, struct snapshot *s,
			     const struct rows_options *options)
{
	uint32_t *list = calloc(s->nr_tasks, sizeof(*list));
	size_t count = 0;

	assert_int_equal(rows_update(rows, s, options, NOW, NULL), 0);
	for (size_t i = 0; i < s->nr_tasks; i++)
		if ((!options->only_stuck || (s->tasks[i].flags & TASK_STUCK)) &&
		    (!options->query || query_match(options->query, &s->tasks[i], NOW)))
			list[count++] = (uint32_t)i;
	asked_for = options;
	sorted = s;
	qsort(list, count, sizeof(*list), compare_rows);
	assert_int_equal(rows->count, count);
	assert_memory_equal(rows->index, list, count * sizeof(*list));
	free(list);
}

/* The order of a snapshot is kept for other filters, directions and times. */
static void orders_are_kept(void **state)
{
	struct query *queries[] = {query_new("worker-1", NULL), query_new("zzz", NULL),
				   query_new("!worker-1", NULL), NULL};
	struct snapshot *distinct = snapshot_new();
	struct rows rows;

	for (uint32_t i = 0; i < 7000; i++) {
		struct task *task = snapshot_add(distinct);

		*task = snapshot->tasks[i % snapshot->nr_tasks];
		task->id = i;
		task->since_ns = NOW - random_below(200) * SECOND + 20 * SECOND;
		task->name =
			arena_printf(&distinct->arena, "w%s%u",
				     random_below(3) ? "orker-" : "", i * 7919 % 7001);
	}
	rows_init(&rows);
	for (int round = 0; round < 200; round++) {
		struct snapshot *s = random_below(4) ? snapshot : distinct;
		struct rows_options options = options_for(
			(enum column_id)random_below(COLUMN_COUNT), random_below(2));

		for (uint32_t same = random_below(4); same < 4; same++) {
			options.query = queries[random_below(COUNT(queries))];
			options.only_stuck = random_below(3) == 0;
			options.sort.descending = random_below(2);
			/* Some of its tasks have no age yet. */
			if (random_below(3) == 0)
				rows_update(&rows, s, &options, NOW - 9 * SECOND, NULL);
			assert_same_rows(&rows, s, &options);
		}
	}
	rows_release(&rows);
	snapshot_unref(distinct);
	for (size_t i = 0; i < COUNT(queries); i++)
		query_free(queries[i]);
}

/* Nearly all texts of the first tasks differ, and the others have few. Some differ only far
 * to the right, and some not within the part that is compared. */
static struct snapshot *few_equal_texts(void)
{
	struct snapshot *s = snapshot_new();

	for (uint32_t i = 0; i < 6000; i++) {
		struct task *task = snapshot_add(s);
		uint32_t number = i < 5000 ? i * 7919 % 5003 : random_below(40);
		struct frame frame = {.address = 1};
		struct label *label = arena_alloc(&s->arena, sizeof(*label));

		task->kind = (enum task_kind)random_below(3);
		task->id = random_below(2000);
		/* Some have no age, and some none yet. */
		task->since_ns = random_below(9)
					 ? NOW + 5 * SECOND - random_below(20) * SECOND
					 : 0;
		task->name = arena_printf(&s->arena, "%0*u", 1 + 65 * (int)(number % 3),
					  number);
		frame.function = intern_text(intern, task->name, strlen(task->name));
		task->stack = stack_intern(stacks, &frame, 1, false);
		label->key = number % 2 ? "user" : "a key";
		label->text = task->name;
		task->labels = label;
		task->nr_labels = number % 10 != 0;
	}
	return s;
}

static void few_texts_are_equal(void **state)
{
	static const enum column_id columns[] = {COLUMN_NAME, COLUMN_FUNCTION,
						 COLUMN_LABELS, COLUMN_CREATED};
	struct snapshot *s = few_equal_texts();
	struct rows rows;

	s->mono_ns = NOW;
	rows_init(&rows);
	for (size_t i = 0; i < 2 * COUNT(columns); i++) {
		struct rows_options options = options_for(columns[i / 2], i % 2);

		assert_int_equal(rows_update(&rows, s, &options, NOW - 9 * SECOND, NULL),
				 0);
		assert_same_rows(&rows, s, &options);
	}
	rows_release(&rows);
	snapshot_unref(s);
}

static void filters_combine(void **state)
{
	struct rows_options options = options_for(COLUMN_AGE, true);
	struct query *query = query_new("worker-1", NULL);
	struct rows rows;
	size_t wanted = 0;

	options.query = query;
	options.class = CLASS_LOCK;
	options.hide_idle = true;
	rows_init(&rows);
	assert_int_equal(rows_update(&rows, snapshot, &options, NOW, NULL), 0);
	for (size_t i = 0; i < snapshot->nr_tasks; i++) {
		const struct task *task = &snapshot->tasks[i];

		wanted += state_info(task->state)->class == CLASS_LOCK &&
			  (!(task->flags & TASK_IDLE) || (task->flags & TASK_STUCK)) &&
			  strstr(task->name, "worker-1");
	}
	assert_true(wanted > 20);
	assert_int_equal(rows.count, wanted);
	options = options_for(COLUMN_NAME, false);
	options.only_stuck = true;
	assert_int_equal(rows_update(&rows, snapshot, &options, NOW, NULL), 0);
	assert_true(rows.count > 100 && rows.count < snapshot->nr_tasks);
	for (size_t i = 0; i < rows.count; i++)
		assert_true(snapshot->tasks[rows.index[i]].flags & TASK_STUCK);
	query_free(query);
	rows_release(&rows);
}

/* Nothing is read of tasks that are not there. */
static void nothing_passes(void **state)
{
	struct query *query = query_new("zzz", NULL);

	(void)state;
	for (int column = 0; column < COLUMN_COUNT; column++) {
		struct rows_options options = options_for((enum column_id)column, false);
		struct rows rows;

		options.query = query;
		rows_init(&rows);
		assert_int_equal(rows_update(&rows, snapshot, &options, NOW, NULL), 0);
		assert_int_equal(rows.count, 0);
		rows_release(&rows);
	}
	query_free(query);
}

static void a_row_is_found_by_identity(void **state)
{
	struct rows_options options = options_for(COLUMN_NAME, false);
	struct snapshot *empty = snapshot_new();
	struct rows rows;

	rows_init(&rows);
	rows_update(&rows, snapshot, &options, NOW, NULL);
	for (size_t i = 0; i < rows.count; i += 97) {
		const struct task *task = &snapshot->tasks[rows.index[i]];

		assert_int_equal(
			rows_find(&rows, snapshot, task->kind, task->id, task->serial),
			i);
		assert_int_equal(rows_find(&rows, snapshot, task->kind, task->id,
					   task->serial + 100000),
				 -1);
	}
	/* Rows of the snapshot before. */
	assert_int_equal(rows_find(&rows, empty, TASK_THREAD, 1, 0), -1);
	assert_int_equal(rows_update(&rows, empty, &options, NOW, NULL), 0);
	assert_int_equal(rows.count, 0);
	rows_release(&rows);
	assert_null(rows.index);
	snapshot_unref(empty);
}

/* Every length at which another way of sorting takes over, and stable. */
static void sorting_numbers(void **state)
{
	static const size_t counts[] = {0,  1,  2,   23,   24,   25,   47,
					48, 49, 100, 2047, 2048, 2049, 9000};
	static const uint64_t masks[] = {0,
					 1,
					 0xff,
					 0x7ff,
					 0xffffffff,
					 0xff00000000000000,
					 UINT64_MAX,
					 0x0f0f0f0f0f000000, /* texts of digits */
					 0x5555555555555555};

	for (size_t i = 0; i < COUNT(counts); i++) {
		size_t count = counts[i];
		struct sort_item *items = calloc(count + 1, sizeof(*items));
		struct sort_item *spare = calloc(count + 1, sizeof(*spare));
		uint64_t *values = calloc(count + 1, sizeof(*values));

		for (size_t k = 0; k < COUNT(masks); k++) {
			for (size_t n = 0; n < count; n++) {
				uint64_t value = (uint64_t)random_below(UINT32_MAX)
							 << 32 |
						 random_below(UINT32_MAX);

				values[n] = value & masks[k];
				items[n] = (struct sort_item){.key = values[n],
							      .index = (uint32_t)n};
			}
			sort_items(items, spare, count);
			for (size_t n = 1; n < count; n++) {
				uint64_t one = values[items[n - 1].index];
				uint64_t other = values[items[n].index];

				assert_true(one <= other);
				assert_int_equal(items[n - 1].key == items[n].key,
						 one == other);
				if (one == other)
					assert_true(items[n - 1].index < items[n].index);
			}
		}
		free(items);
		free(spare);
		free(values);
	}
}

static void sort_keys(void **state)
{
	struct sort_key key;
	struct err e;

	assert_int_equal(sort_key_parse(&key, "age", NULL), 0);
	assert_int_equal(key.column, COLUMN_AGE);
	assert_true(key.descending);
	assert_int_equal(sort_key_parse(&key, "state", NULL), 0);
	assert_int_equal(key.column, COLUMN_STATE);
	assert_false(key.descending);
	assert_int_equal(sort_key_parse(&key, "fn:desc", NULL), 0);
	assert_int_equal(key.column, COLUMN_FUNCTION);
	assert_true(key.descending);
	assert_int_equal(sort_key_parse(&key, "cpu:asc", NULL), 0);
	assert_false(key.descending);

	assert_int_equal(sort_key_parse(&key, "agee:desc", &e), ERR_USAGE);
	assert_int_equal(e.at, 0);
	assert_contains(e.text, "'agee'");
	assert_contains(e.text, "mark, id, pid");
	assert_int_equal(sort_key_parse(&key, "age:down", &e), ERR_USAGE);
	assert_int_equal(e.at, 4);
	assert_contains(e.text, "asc or desc");
	assert_int_equal(sort_key_parse(&key, "", &e), ERR_USAGE);
	assert_int_equal(sort_key_parse(&key, "age:", &e), ERR_USAGE);
	assert_int_equal(key.column, COLUMN_CPU);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_column_sorts_both_ways),
		cmocka_unit_test(orders_are_kept),
		cmocka_unit_test(few_texts_are_equal),
		cmocka_unit_test(filters_combine),
		cmocka_unit_test(nothing_passes),
		cmocka_unit_test(a_row_is_found_by_identity),
		cmocka_unit_test(sorting_numbers),
		cmocka_unit_test(sort_keys),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
