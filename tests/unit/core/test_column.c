/* SPDX-License-Identifier: MIT */
/* core/column: cells, names, lists; and that hostile texts stay within the cell. */
#include "unit.h"

#include <math.h>

#include "base/array.h"
#include "core/column.h"
#include "core/column_news.h"
#include "core/stack.h"

static char cell[COLUMN_TEXT_MAX];

static struct stack_table *stacks;

static int set_up(void **state)
{
	stacks = stack_table_new(100);
	return 0;
}

static int tear_down(void **state)
{
	stack_table_free(stacks);
	return 0;
}

static const struct stack *make_stack(const char *function, const char *file, int line)
{
	struct frame frames[] = {
		{.function = "pthread_cond_wait", .address = 1},
		{.function = function, .file = file, .line = line, .address = 0x46a2c1}};

	return stack_intern(stacks, frames, 2, false);
}

static void marks(void **state)
{
	static const struct {
		uint32_t flags;
		const char *mark;
	} cases[] = {
		{0, " "},
		{TASK_IDLE | TASK_NEW | TASK_AGE_EXACT, " "},
		{TASK_LONG, "?"},
		{TASK_STUCK, "!"},
		{TASK_STUCK | TASK_LONG, "!"},
		{TASK_SUSPECT, "~"},
		{TASK_STALE, "x"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct task task = {.flags = cases[i].flags};

		assert_string_equal(column_format(COLUMN_MARK, &task, 0, cell),
				    cases[i].mark);
	}
}

static void ages(void **state)
{
	struct task task = {.since_ns = 1, .flags = TASK_AGE_EXACT};

	assert_string_equal(column_format(COLUMN_AGE, &task, 12 * SECOND + 1, cell),
			    "12.0s");
	task.flags = 0;
	assert_string_equal(column_format(COLUMN_AGE, &task, 12 * SECOND + 1, cell),
			    ">12.0s");
	task.since_ns = 0;
	assert_string_equal(column_format(COLUMN_AGE, &task, 12 * SECOND, cell), "-");
	task.since_ns = 1;
	assert_string_equal(column_format(COLUMN_AGE, &task, INT64_MAX, cell),
			    ">999d23h");
	assert_true(strlen(cell) <= (size_t)column_info(COLUMN_AGE)->max_width);
}

static void cells(void **state)
{
	const struct stack *stack = make_stack("main.loop", "/srv/app/main.c", 31);
	struct label labels[] = {{"request", "/api"}, {"user", ""}};
	struct task task = {.kind = TASK_THREAD,
			    .id = 17,
			    .state = STATE_CHAN_SEND,
			    .name = "worker",
			    .stack = stack,
			    .labels = labels,
			    .nr_labels = 2,
			    .cpu_percent = 99.96f,
			    .switches = UINT64_MAX,
			    .more = &(struct task_more){.creator_name = "starter"}};

	assert_string_equal(column_format(COLUMN_ID, &task, 0, cell), "t17");
	assert_string_equal(column_format(COLUMN_STATE, &task, 0, cell), "chan-send");
	assert_string_equal(column_format(COLUMN_NAME, &task, 0, cell), "worker");
	assert_string_equal(column_format(COLUMN_FUNCTION, &task, 0, cell), "main.loop");
	assert_string_equal(column_format(COLUMN_LOCATION, &task, 0, cell), "main.c:31");
	assert_string_equal(column_format(COLUMN_LABELS, &task, 0, cell),
			    "request=/api user=");
	assert_string_equal(column_format(COLUMN_CPU, &task, 0, cell), "100.0");
	assert_string_equal(column_format(COLUMN_SWITCHES, &task, 0, cell),
			    "18446744073709551615");
	assert_string_equal(column_format(COLUMN_WAITS, &task, 0, cell), "");
	task.waits.kind = "channel";
	task.waits.text = "chan jobs";
	assert_string_equal(column_format(COLUMN_WAITS, &task, 0, cell), "chan jobs");
	assert_string_equal(column_format(COLUMN_CREATED, &task, 0, cell), "starter");
	task.created_by = stack;
	assert_string_equal(column_format(COLUMN_CREATED, &task, 0, cell),
			    "main.loop main.c:31");
	task.cpu_percent = -1;
	assert_string_equal(column_format(COLUMN_CPU, &task, 0, cell), "-");
	task.cpu_percent = NAN;
	assert_string_equal(column_format(COLUMN_CPU, &task, 0, cell), "-");
}

static void what_is_not_known_is_empty(void **state)
{
	const struct stack *stack = make_stack(NULL, "main.c", 0);
	struct task task = {.name = ""};

	assert_string_equal(column_format(COLUMN_FUNCTION, &task, 0, cell), "");
	assert_string_equal(column_format(COLUMN_LOCATION, &task, 0, cell), "");
	assert_string_equal(column_format(COLUMN_CREATED, &task, 0, cell), "");
	assert_string_equal(column_format(COLUMN_LABELS, &task, 0, cell), "");
	task.stack = task.created_by = stack;
	assert_string_equal(column_format(COLUMN_FUNCTION, &task, 0, cell), "0x46a2c1");
	assert_string_equal(column_format(COLUMN_LOCATION, &task, 0, cell), "main.c");
	assert_string_equal(column_format(COLUMN_CREATED, &task, 0, cell),
			    "0x46a2c1 main.c");
	assert_string_equal(column_format((enum column_id)99, &task, 0, cell), "");
}

static void long_texts_are_cut(void **state)
{
	char *text = malloc(5000);
	struct label labels[20];
	const struct stack *stack;
	struct task task = {.name = "", .labels = labels, .nr_labels = COUNT(labels)};

	memset(text, 'x', 4999);
	text[4999] = '\0';
	for (size_t i = 0; i < COUNT(labels); i++)
		labels[i] = (struct label){text, text};
	stack = make_stack(text, text, INT32_MAX);
	task.stack = task.created_by = stack;
	for (int i = 0; i < COLUMN_COUNT; i++) {
		const char *out = column_format((enum column_id)i, &task, 0, cell);

		assert_true(out != cell || strlen(cell) < COLUMN_TEXT_MAX);
	}
	free(text);
}

static void numbers(void **state)
{
	struct task task = {.since_ns = 5, .cpu_percent = 12.5f, .switches = 9};

	assert_true(column_number(COLUMN_AGE, &task, 105) == 100);
	assert_true(column_number(COLUMN_CPU, &task, 0) == 12.5);
	assert_true(column_number(COLUMN_SWITCHES, &task, 0) == 9);
	task.since_ns = 0;
	task.cpu_percent = NAN;
	assert_true(column_number(COLUMN_AGE, &task, 105) == -1);
	assert_true(column_number(COLUMN_CPU, &task, 0) == -1);
}

static void names(void **state)
{
	assert_int_equal(column_by_name("age", 3), COLUMN_AGE);
	assert_int_equal(column_by_name("AGE", 3), COLUMN_AGE);
	assert_int_equal(column_by_name("fn", 2), COLUMN_FUNCTION);
	assert_int_equal(column_by_name("loc", 3), COLUMN_LOCATION);
	assert_int_equal(column_by_name("creator", 7), COLUMN_CREATED);
	assert_int_equal(column_by_name("created by", 10), COLUMN_CREATED);
	assert_int_equal(column_by_name("agent", 3), COLUMN_AGE);
	assert_int_equal(column_by_name("ag", 2), -1);
	assert_int_equal(column_by_name("", 0), -1);
	for (int i = 0; i < COLUMN_COUNT; i++) {
		const struct column *column = column_info((enum column_id)i);

		assert_int_equal(column_by_name(column->key, strlen(column->key)), i);
		assert_int_equal(column_by_name(column->title, strlen(column->title)), i);
		assert_true(column->max_width == 0 ||
			    column->min_width <= column->max_width);
		assert_true(column->min_width > 0);
	}
	assert_true(column_keys(cell, COLUMN_KEYS_MAX) < COLUMN_KEYS_MAX);
	assert_contains(cell, "mark, id, pid");
	assert_contains(cell, "labels");
}

static void expect_list(const char *text, const enum column_id *ids, size_t count)
{
	struct column_list list;
	struct err e;

	if (column_list_parse(&list, text, &e) != 0)
		fail_msg("%s: %s", text, e.text);
	assert_int_equal(list.count, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(list.ids[i], ids[i]);
}

static void lists(void **state)
{
	static const enum column_id three[] = {COLUMN_STATE, COLUMN_AGE, COLUMN_NAME};
	enum column_id rest[COLUMN_COUNT];
	struct column_list all;
	size_t n = 0;

	expect_list("state,age,name", three, 3);
	expect_list("STATE,age,state,Name,age", three, 3);
	column_list_default(&all);
	assert_int_equal(all.count, COLUMN_COUNT);
	for (size_t i = 0; i < all.count; i++)
		if (all.ids[i] != COLUMN_CPU && all.ids[i] != COLUMN_LABELS)
			rest[n++] = all.ids[i];
	expect_list("-cpu,-labels", rest, n);
	rest[n++] = COLUMN_LABELS;
	expect_list("-labels,-cpu,+labels", rest, n);
}

static void bad_lists_say_where(void **state)
{
	static const struct {
		const char *text;
		int at;
		const char *part;
	} cases[] = {
		{"", 0, "columns: mark, id"},
		{"state,,age", 6, "missing"},
		{"state,", 6, "missing"},
		{"state,agee", 6, "unknown column 'agee'"},
		{"+labels,cpux", 8, "unknown column"},
		{"+labels,cpu", 8, "only changes"},
		{"state,+labels", 6, "only changes"},
		{"-mark,-id,-pid,-process,-state,-age,-waits,-name,-function,-location,-"
		 "created,"
		 "-cpu,-switches,"
		 "-labels",
		 0, "must remain"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct column_list list = {.count = 77};
		struct err e;

		assert_int_equal(column_list_parse(&list, cases[i].text, &e), ERR_USAGE);
		assert_int_equal(e.at, cases[i].at);
		assert_contains(e.text, cases[i].part);
		assert_int_equal(list.count, 77);
	}
}

/* The text of a list is read back as the same list. */
static void lists_as_text(void **state)
{
	static const char *const texts[] = {"id,state,name:20?,labels",
					    "age:7,waits,cpu?"};
	char text[COLUMN_LIST_TEXT_MAX];
	struct column_list list;

	for (size_t i = 0; i < COUNT(texts); i++) {
		assert_int_equal(column_list_parse(&list, texts[i], NULL), 0);
		column_list_print(&list, text);
		assert_string_equal(text, texts[i]);
	}
	column_list_default(&list);
	column_list_print(&list, text);
	assert_string_equal(text,
			    "mark,id,pid?,process?,state,age,waits?,name?,function?,"
			    "location?,created?,cpu?,switches?,labels?");
	assert_int_equal(column_list_parse(&list, "+labels,-cpu", NULL), 0);
	assert_true(list.always[COLUMN_LABELS]);
	assert_false(list.always[COLUMN_NAME]);
}

/* They are empty, and so left out, unless the target is several processes. */
static void processes(void **state)
{
	struct task_more api = {.process = "api"};
	struct task task = {.kind = TASK_GOROUTINE, .id = 17, .name = ""};

	assert_string_equal(column_format(COLUMN_PID, &task, 0, cell), "");
	assert_string_equal(column_format(COLUMN_PROCESS, &task, 0, cell), "");
	task.pid = 4711;
	task.more = &api;
	assert_string_equal(column_format(COLUMN_PID, &task, 0, cell), "4711");
	assert_string_equal(column_format(COLUMN_PROCESS, &task, 0, cell), "api");
	assert_string_equal(column_format(COLUMN_ID, &task, 0, cell), "g17");
	assert_true(column_number(COLUMN_PID, &task, 0) == 4711);
	assert_true(column_is_of_processes(COLUMN_PID));
	assert_false(column_is_of_processes(COLUMN_ID));
}

static enum column_news news_of(struct snapshot *s, enum column_id id)
{
	enum column_news news[COLUMN_COUNT];
	uint32_t index[8];
	struct column_rows rows = {index, sizeof(index[0]), s->nr_tasks};

	for (uint32_t i = 0; i < 8; i++)
		index[i] = i;
	column_news(s, &rows, news);
	return news[id];
}

/* What is the same in every row says nothing, unless it is what one looks for. */
static void news(void **state)
{
	const struct task_more api = {.process = "api"}, nginx = {.process = "nginx"};
	const struct task_more php = {.process = "php-fpm"};
	struct snapshot *s = snapshot_new();

	for (uint64_t i = 0; i < 4; i++) {
		struct task *task = snapshot_add(s);

		task->id = i;
		task->name = "serve";
		task->stack = make_stack("serve", "server.c", 31);
		task->waits.kind = "mutex";
		task->waits.text = "mutex 0x1000";
	}
	assert_int_equal(news_of(s, COLUMN_STATE), COLUMN_VARIES);
	assert_int_equal(news_of(s, COLUMN_WAITS), COLUMN_VARIES);
	assert_int_equal(news_of(s, COLUMN_FUNCTION), COLUMN_VARIES);
	assert_int_equal(news_of(s, COLUMN_LOCATION), COLUMN_SAME);
	assert_int_equal(news_of(s, COLUMN_SWITCHES), COLUMN_SAME);
	assert_int_equal(news_of(s, COLUMN_NAME), COLUMN_REPEATS);
	assert_int_equal(news_of(s, COLUMN_LABELS), COLUMN_EMPTY);
	assert_int_equal(news_of(s, COLUMN_CPU), COLUMN_EMPTY);
	assert_int_equal(news_of(s, COLUMN_PID), COLUMN_EMPTY);
	assert_int_equal(news_of(s, COLUMN_PROCESS), COLUMN_EMPTY);
	for (size_t i = 0; i < 4; i++) {
		s->tasks[i].pid = 4711;
		s->tasks[i].more = &api;
	}
	assert_int_equal(news_of(s, COLUMN_PID), COLUMN_SAME);
	s->tasks[3].pid = 4712;
	assert_int_equal(news_of(s, COLUMN_PID), COLUMN_VARIES);
	assert_int_equal(news_of(s, COLUMN_PROCESS), COLUMN_SAME);
	s->tasks[3].name = "main";
	s->tasks[3].switches = 1;
	s->tasks[3].cpu_percent = 0;
	assert_int_equal(news_of(s, COLUMN_NAME), COLUMN_MOSTLY_REPEATS);
	assert_int_equal(news_of(s, COLUMN_SWITCHES), COLUMN_VARIES);
	assert_int_equal(news_of(s, COLUMN_CPU), COLUMN_VARIES);
	/* The name of each task is that of its process. */
	for (size_t i = 0; i < 4; i++)
		s->tasks[i].more = i < 2 ? &nginx : &php;
	for (size_t i = 0; i < 4; i++)
		s->tasks[i].name = s->tasks[i].more->process;
	assert_int_equal(news_of(s, COLUMN_NAME), COLUMN_REPEATS_PROCESS);
	s->tasks[0].name = "worker";
	assert_int_equal(news_of(s, COLUMN_NAME), COLUMN_MOSTLY_REPEATS);
	s->tasks[1].name = s->tasks[2].name = "timer";
	assert_int_equal(news_of(s, COLUMN_NAME), COLUMN_VARIES);
	/* Two rows that agree say little; what is empty is empty. */
	s->nr_tasks = 2;
	assert_int_equal(news_of(s, COLUMN_LOCATION), COLUMN_VARIES);
	assert_int_equal(news_of(s, COLUMN_LABELS), COLUMN_EMPTY);
	snapshot_unref(s);
}

/* The offset tells places of a library apart, its version does not. */
static void libraries_without_their_version(void **state)
{
	static const struct {
		const char *function, *cell;
	} cases[] = {
		{"libmicrohttpd.so.12.60.0+0xfc17", "libmicrohttpd.so+0xfc17"},
		{"libjemalloc.so.2+0x39ad8", "libjemalloc.so+0x39ad8"},
		{"libz.so+0x12", "libz.so+0x12"},
		{"postgres+0x19ed8e", "postgres+0x19ed8e"},
		{"libz.so.1", "libz.so.1"},
		{"libz.so.1.debug+0x12", "libz.so.1.debug+0x12"},
		{"a+0x1.so.2", "a+0x1.so.2"},
		{"main.so.String", "main.so.String"},
	};
	struct snapshot *s = snapshot_new();
	char out[COLUMN_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct task *task = snapshot_add(s);

		task->stack = make_stack(cases[i].function, NULL, 0);
		assert_string_equal(column_format(COLUMN_FUNCTION, task, 0, out),
				    cases[i].cell);
	}
	snapshot_unref(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_as_text),
		cmocka_unit_test(processes),
		cmocka_unit_test(news),
		cmocka_unit_test(marks),
		cmocka_unit_test(ages),
		cmocka_unit_test(cells),
		cmocka_unit_test(libraries_without_their_version),
		cmocka_unit_test(what_is_not_known_is_empty),
		cmocka_unit_test(long_texts_are_cut),
		cmocka_unit_test(numbers),
		cmocka_unit_test(names),
		cmocka_unit_test(lists),
		cmocka_unit_test(bad_lists_say_where),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
