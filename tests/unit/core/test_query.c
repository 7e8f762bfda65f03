/* SPDX-License-Identifier: MIT */
/* The filter language: matches, errors and their places, and filters that are half
 * typed. */
#include "unit.h"

#include "base/clock.h"
#include "core/query.h"
#include "core/stack.h"

#define NOW (100000 * SECOND)

static const struct frame producer_frames[] = {
	{"__futex_wait", NULL, 0, 1, false, false},
	{"grmon_chan_send", NULL, 0, 2, false, false},
	{"main.newProducer", "/srv/shop/main.c", 31, 3, false, false},
	{"start_thread", NULL, 0, 4, false, false},
};
static const struct frame endpoint_frames[] = {
	{"pthread_create", NULL, 0, 1, false, false},
	{"exampleEndpoint", "/srv/shop/http.c", 52, 2, false, false},
};
static const struct label producer_labels[] = {{"request", "/api/items"},
					       {"User", "Ada"}};

enum { PRODUCER, POLLER, LOCKED, BUSY, TASKS };

static struct task tasks[TASKS] = {
	[PRODUCER] = {.kind = TASK_THREAD,
		      .id = 4712,
		      .state = STATE_CHAN_SEND,
		      .flags = TASK_STUCK | TASK_AGE_EXACT,
		      .since_ns = NOW - 45 * SECOND,
		      .name = "Producer-1",
		      .raw = "chan send (nil chan)",
		      .waits = {.kind = "channel",
				.text = "chan results cap 0, 3 senders"},
		      .labels = producer_labels,
		      .nr_labels = 2,
		      .cpu_percent = 0,
		      .switches = 12},
	[POLLER] = {.kind = TASK_THREAD,
		    .id = 4711,
		    .state = STATE_POLL,
		    .flags = TASK_IDLE,
		    .since_ns = NOW - 3600 * SECOND,
		    .name = "main",
		    .raw = "no lock, a clock",
		    .more = &(struct task_more){.creator_name = "init"},
		    .cpu_percent = 1.5f,
		    .switches = 20000},
	[LOCKED] = {.kind = TASK_COROUTINE,
		    .id = 17,
		    .state = STATE_MUTEX,
		    .flags = TASK_LONG,
		    .since_ns = NOW - 7 * SECOND,
		    .name = "db (pool)",
		    .waits = {.kind = "mutex", .text = "mutex of t4711"},
		    .cpu_percent = -1},
	[BUSY] = {.kind = TASK_GOROUTINE,
		  .id = 9,
		  .state = STATE_RUNNING,
		  .name = "",
		  .cpu_percent = 97.3f},
};

static struct stack_table *stacks;

static int set_up(void **state)
{
	stacks = stack_table_new(100);
	tasks[PRODUCER].stack = stack_intern(stacks, producer_frames, 4, false);
	tasks[PRODUCER].created_by = stack_intern(stacks, endpoint_frames, 2, false);
	return 0;
}

static int tear_down(void **state)
{
	stack_table_free(stacks);
	return 0;
}

/* Which tasks match, as a string of their first letters: "PL". */
static const char *matches(const char *text)
{
	static const char letters[] = "PILB";
	static char out[TASKS + 1];
	struct err e;
	struct query *query = query_new(text, &e);
	size_t n = 0;

	if (!query)
		fail_msg("'%s': %s", text, e.text);
	/* Twice: the second time from memory. */
	for (int round = 0; round < 2; round++) {
		n = 0;
		for (int i = 0; i < TASKS; i++)
			if (query_match(query, &tasks[i], NOW))
				out[n++] = letters[i];
		out[n] = '\0';
	}
	query_free(query);
	return out;
}

static void expect(const char *text, const char *wanted)
{
	const char *got = matches(text);

	if (strcmp(got, wanted) != 0)
		fail_msg("'%s' matches '%s', not '%s'", text, got, wanted);
}

/* If the target is several processes, a task is found by its process. */
static void processes_are_columns(void **state)
{
	const struct task_more api = {.process = "api-server"};
	const struct task_more worker = {.process = "worker"};

	(void)state;
	tasks[LOCKED].pid = 4711;
	tasks[LOCKED].more = &api;
	tasks[BUSY].pid = 47110;
	tasks[BUSY].more = &worker;
	expect("pid:4711", "L");
	expect("pid=47110", "B");
	expect("!pid:4711", "PIB");
	expect("process:api", "L");
	expect("process~^work", "B");
	expect("worker", "B");
	expect("id:c17", "L");
	expect("id:c17@4711", "L");
	expect("g9@47110", "B");
	expect("id:g9@4711", "");
	expect("47110", "");
	tasks[LOCKED].pid = tasks[BUSY].pid = 0;
	tasks[LOCKED].more = tasks[BUSY].more = NULL;
	expect("pid:4711", "");
}

static void nothing_is_everything(void **state)
{
	expect("", "PILB");
	expect("   ", "PILB");
	expect("()", "PILB");
	expect("| |", "PILB");
}

static void words_look_at_every_column(void **state)
{
	expect("4712", "P");
	expect("t4711", "IL");
	expect("c17", "L");
	expect("g9", "B");
	expect("chan-send", "P");
	expect("nil", "P");
	expect("senders", "P");
	expect("producer", "P");
	expect("newProducer", "P");
	expect("futex_wait", "P");
	expect("start_thread", "P");
	expect("main.c:31", "P");
	expect("main.c", "P");
	expect("exampleEndpoint", "P");
	expect("http.c", "P");
	expect("init", "I");
	expect("/api", "P");
	expect("\"request=/api\"", "P");
	expect("request", "P");
	expect("Ada", "P");
	expect("/api/items User", "P");
	expect("\"items User\"", "P");
	expect("db", "L");
	/* Not the folders: a name of the machine would match everything. */
	expect("srv", "");
	expect("xyzzy", "");
}

static void case_matters_if_the_word_has_some(void **state)
{
	expect("PRODUCER-1", "");
	expect("Producer-1", "P");
	expect("producer-1", "P");
	expect("pRoducer-1", "");
	expect("name=producer-1", "P");
	expect("name=Producer-1", "P");
	expect("name=PRODUCER-1", "");
	expect("name~^producer", "P");
	expect("name~^Producer", "P");
	expect("name~^PRODUCER", "");
	expect("name~^\\w+-[0-9]$", "P");
	expect("name~^\\W", "");
	expect("label.user:ada", "P");
	expect("label.User:ada", "P");
	expect("label.USER:ada", "");
	expect("STATE:poll", "I");
}

static void columns(void **state)
{
	expect("name:main", "I");
	expect("name=main", "I");
	expect("name=mai", "");
	expect("name!=main", "PLB");
	expect("name=\"\"", "B");
	expect("id:471", "PI");
	/* A whole id is that task alone. */
	expect("id:t471", "");
	expect("id:t4711", "I");
	expect("!id:t4711", "PLB");
	expect("id:c17", "L");
	expect("id:c1", "");
	expect("id:g9", "B");
	expect("id:g", "B");
	expect("id:t", "PI");
	expect("id~t471", "PI");
	expect("id=4711", "I");
	expect("id=t4711", "I");
	expect("id=471", "");
	expect("fn:producer", "P");
	expect("function=main.newProducer", "P");
	expect("fn~^main\\.", "P");
	/* The function that is shown, not those below it. */
	expect("fn:futex", "");
	expect("stack:futex", "P");
	expect("stack~^start_thread$", "P");
	expect("loc:main.c", "P");
	expect("location=main.c:31", "P");
	expect("creator:endpoint", "P");
	expect("created:http.c:52", "P");
	expect("created~^exampleEndpoint", "P");
	expect("created:init", "I");
	expect("waits:mutex", "L");
	expect("waits:chan", "P");
	expect("waits~[0-9]+.senders$", "P");
	expect("mark:!", "P");
	expect("mark=?", "L");
}

static void labels(void **state)
{
	expect("label.request:/api", "P");
	expect("labels.request:/api", "P");
	expect("label.request=/api/items", "P");
	expect("label.request=/api", "");
	expect("label.request~items$", "P");
	expect("label.requests:/api", "");
	expect("!label.request:/api", "ILB");
	expect("labels:ada", "P");
	expect("labels:user=ada", "P");
	expect("labels=request=/api/items", "P");
	expect("labels=/api/items", "");
	expect("labels~^user=", "P");
}

static void states(void **state)
{
	expect("state:chan-send", "P");
	expect("state=poll", "I");
	expect("state=pol", "");
	expect("state:channel", "P");
	expect("state:lock", "L");
	expect("state:io", "I");
	expect("state:run", "B");
	expect("state=lock", "L");
	expect("state:idle", "I");
	expect("state:stuck", "P");
	expect("is:stuck", "P");
	expect("is:long", "L");
	expect("!state:idle", "PLB");
	expect("state~^(mutex|poll)$", "IL");
	expect("state!=mutex", "PIB");
	expect("state:\"nil chan\"", "P");
	expect("class:lock", "L");
	/* On the way to a class or flag. */
	expect("state:chann", "P");
	expect("state:stuc", "P");
	expect("state:idl", "I");
	/* Words of the runtime are searched for in quotes. */
	expect("state:\"no such word\"", "");
	expect("state~xyz", "");
}

static void numbers(void **state)
{
	expect("age>30s", "PI");
	expect("age<30s", "L");
	expect("age>=45s", "PI");
	expect("age>45s", "I");
	expect("age<=7s", "L");
	expect("age<7s", "");
	expect("age=45s", "P");
	expect("age>30", "PI");
	expect("age>0.5h", "I");
	expect("age>1h", "");
	expect("age>=1h0m", "I");
	expect("age:45", "P");
	expect("cpu>1", "IB");
	expect("cpu>1.5", "B");
	expect("cpu>=1.5%", "IB");
	expect("cpu=97.3", "B");
	/* Not known is not small. */
	expect("cpu<1", "P");
	expect("switches>10", "PI");
	expect("switches>=20k", "I");
	expect("switches=12", "P");
	expect("switches!=12", "ILB");
}

static void logic(void **state)
{
	expect("state:poll | state:mutex", "IL");
	expect("state:poll|state:mutex", "IL");
	expect("state:chan-send age>30s", "P");
	expect("fn~^main\\. !state:idle", "P");
	expect("!state:poll !state:mutex", "PB");
	expect("!(state:poll | state:mutex)", "PB");
	expect("!!state:poll", "I");
	expect("! state:poll", "PLB");
	expect("(state:poll | state:mutex) age>1m", "I");
	expect("state:poll | state:mutex age>1m", "I");
	expect("age>1m state:poll | state:mutex", "IL");
	expect("((((main))))", "PI");
	expect("(main)|(db)", "PIL");
}

static void quotes_and_parentheses_in_words(void **state)
{
	expect("\"db (pool)\"", "L");
	expect("name:\"db (pool)\"", "L");
	expect("name:(pool)", "L");
	expect("db(pool)", "");
	expect("\"(pool)\" | main", "PIL");
	expect("(name:(pool))", "L");
	expect("fn~^(main|foo)\\.newProducer$", "P");
	expect("\"state:poll\"", "");
	expect("\"a\\\"b\"", "");
	expect("::", "");
	expect("std::mutex", "");
}

/* A filter that is still being typed must not empty the view. */
static void half_typed(void **state)
{
	static const char *const all[] = {
		"state:", "age>", "age>=", "age",      "!",  "!(",
		"(",      "((",   "name~", "label.x:", "\"", "!state:",
		"!age>",  "cpu<", "name=", "(state:",  "|",  "! "};

	for (size_t i = 0; i < COUNT(all); i++)
		if (strcmp(all[i], "age") != 0)
			expect(all[i], "PILB");
	expect("main |", "PI");
	expect("| main", "PI");
	expect("main | state:", "PI");
	expect("main | (", "PI");
	expect("main !", "PI");
	expect("(main", "PI");
	expect("(main | db", "PIL");
	expect("\"main", "PI");
	expect("\"db (", "L");
	expect("name:\"db ", "L");
	expect("main state:", "PI");
	expect("state: main", "PI");
	expect("age>1h3", "");
	expect("age>1.", "PIL");
	expect("age>4u", "PIL");
	expect("name:(poo", "L");
}

static void errors_say_where(void **state)
{
	static const struct {
		const char *text;
		int at;
		const char *part;
	} cases[] = {
		{"stat:poll", 0,
		 "unknown column 'stat'; did you mean state? (columns: mark, "},
		{"zzz:poll", 0, "unknown column 'zzz' (columns: mark, id, pid"},
		{"agee>3s", 0, "did you mean age?"},
		{"state:chansend", 6,
		 "unknown state 'chansend'; did you mean chan-send?"},
		{"main !state:chan_recv", 12, "did you mean chan-recv?"},
		{"is:stuk", 3, "did you mean stuck?"},
		{"class:lokc", 6, "did you mean lock?"},
		{"state=mutx", 6, "did you mean mutex?"},
		{"state:xyzzy", 6,
		 "unknown state 'xyzzy'; 'grmon-c help states' lists them"},
		{"main stat:", 5, "unknown column 'stat'"},
		{"(x | foo>3)", 5, "unknown column 'foo'"},
		{"foo!=3", 0, "unknown column 'foo'"},
		{"name>3", 4, "only age, cpu and switches"},
		{"label.x>3", 7, "only age, cpu and switches"},
		{"age>abc", 4, "bad duration"},
		{"age>1h3x", 6, "bad duration"},
		{"age>1h3 x", 6, "bad duration"},
		{"main age<-1s", 9, "bad duration"},
		{"age> 30s", 4, "without a space"},
		{"cpu>x", 4, "number"},
		{"cpu>1.5.5", 4, "number"},
		{"cpu>\"x\"", 5, "number"},
		{"fn~[", 3, "bad regular expression"},
		{"fn~(a", 3, "bad regular expression"},
		{"main fn~*a{", 8, "bad regular expression"},
		{"fn~(a)\\1", 6, "back references"},
		{"fn~a{256}", 4, "too many repetitions"},
		{"fn~((a{99}){99}){99}", 5, "too large"},
		{"main )", 5, "no matching ("},
		{")", 0, "no matching ("},
		{"(main))", 6, "no matching ("},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err e;

		if (query_new(cases[i].text, &e))
			fail_msg("'%s' was accepted", cases[i].text);
		assert_int_equal(e.code, ERR_USAGE);
		if (e.at != cases[i].at)
			fail_msg("'%s': at %d: %s", cases[i].text, e.at, e.text);
		assert_contains(e.text, cases[i].part);
		assert_null(query_new(cases[i].text, NULL));
	}
}

static void braces_that_are_no_repeat(void **state)
{
	expect("name~[{]99999[}]", "");
	expect("name~[]{]", "");
	expect("name~\\{9999", "");
	expect("name~a{1,200}in", "I");
	expect("name~[[:alpha:]{999}]ain", "I");
}

static void depth_and_length_are_bounded(void **state)
{
	char text[QUERY_TEXT_MAX + 10];
	struct err e;

	memset(text, '(', QUERY_DEPTH_MAX);
	strcpy(text + QUERY_DEPTH_MAX, "main");
	expect(text, "PI");
	memset(text, '(', QUERY_DEPTH_MAX + 1);
	strcpy(text + QUERY_DEPTH_MAX + 1, "main");
	assert_null(query_new(text, &e));
	assert_int_equal(e.at, QUERY_DEPTH_MAX);
	assert_contains(e.text, "nested");

	memset(text, '!', QUERY_TEXT_MAX - 1);
	text[QUERY_TEXT_MAX - 1] = '\0';
	expect(text, "PILB");
	for (size_t i = 0; i + 2 < QUERY_TEXT_MAX; i += 2)
		memcpy(text + i, "m|", 3);
	expect(text, "PIL");
	memset(text, 'x', QUERY_TEXT_MAX);
	text[QUERY_TEXT_MAX] = '\0';
	assert_null(query_new(text, &e));
	assert_contains(e.text, "longer");
}

/* A target chooses the texts: no expression may take seconds over one of them. */
static void hostile_texts_are_cut_for_expressions(void **state)
{
	static const char *const expressions[] = {
		"name~(a*)*b$", "name~(a|a)*b$", "name~(a+)+$b", "name~a*a*a*a*a*a*a*b$"};
	char *text = malloc(1 << 20);
	struct task task = {.name = text};

	memset(text, 'a', (1 << 20) - 1);
	text[(1 << 20) - 1] = '\0';
	for (size_t i = 0; i < COUNT(expressions); i++) {
		struct query *query = query_new(expressions[i], NULL);
		int64_t start_ns = clock_mono_ns();

		assert_non_null(query);
		assert_false(query_match(query, &task, 0));
		assert_true(clock_mono_ns() - start_ns < 2 * SECOND);
		query_free(query);
	}
	/* An expression does not see text beyond the limit; a plain word does. */
	text[600] = 'b';
	{
		struct query *query = query_new("name~b", NULL);

		assert_false(query_match(query, &task, 0));
		query_free(query);
		query = query_new("name:aba", NULL);
		assert_true(query_match(query, &task, 0));
		query_free(query);
	}
	free(text);
}

static void bytes_need_not_be_text(void **state)
{
	struct task task = {.name = "a\xff\xc3z\x80Q\x01"};
	struct query *query = query_new("\xff\xc3", NULL);

	assert_true(query_match(query, &task, 0));
	query_free(query);
	query = query_new("name~^a..z.q", NULL);
	assert_true(query_match(query, &task, 0));
	query_free(query);
}

/* Every place in texts of every length up to 40, found without reading past the end. */
static void parts_are_found_everywhere(void **state)
{
	struct query *query = query_new("xyz", NULL);

	for (size_t length = 0; length <= 40; length++) {
		for (size_t at = 0; at <= length; at++) {
			char *text = malloc(length + 1);
			struct task task = {.name = text};
			bool fits = at + 3 <= length;

			memset(text, 'x', length);
			text[length] = '\0';
			if (fits)
				memcpy(text + at, at % 2 ? "xYz" : "Xyz", 3);
			assert_int_equal(query_match(query, &task, 0), fits);
			free(text);
		}
	}
	query_free(query);
}

/* Answers about a stack belong to a snapshot: the next may have another one there. */
static void answers_are_forgotten_with_the_snapshot(void **state)
{
	struct snapshot *snapshot = snapshot_new();
	struct stack *stack = malloc(sizeof(*stack) + sizeof(producer_frames));
	struct task task = {.name = "", .stack = stack};
	struct query *query = query_new("fn:producer", NULL);

	memcpy(stack, tasks[PRODUCER].stack, sizeof(*stack) + sizeof(producer_frames));
	snapshot->mono_ns = 1;
	query_begin(query, snapshot);
	assert_true(query_match(query, &task, 0));
	stack->function = stack->frames[2].function = "main.consumer";
	/* Remembered within one snapshot. */
	query_begin(query, snapshot);
	assert_true(query_match(query, &task, 0));
	snapshot->mono_ns = 2;
	query_begin(query, snapshot);
	assert_false(query_match(query, &task, 0));
	query_free(query);
	snapshot_unref(snapshot);
	free(stack);
}

/* A word is read first in the labels if the task before had it there; and the key of a label
 * is remembered, but not for another snapshot, which may have another text there. */
static void labels_of_the_task_before(void **state)
{
	struct snapshot *snapshot = snapshot_new();
	char key[] = "order";
	const struct label has_key = {key, "5"}, has_text = {"id", "order-5"},
			   has_none = {"id", "5"};
	const struct task list[] = {
		{.name = "", .labels = &has_none, .nr_labels = 1},
		{.name = "", .labels = &has_text, .nr_labels = 1},
		{.name = "", .labels = &has_none, .nr_labels = 1},
		{.name = "orders", .labels = &has_none, .nr_labels = 1},
		{.name = "", .labels = &has_key, .nr_labels = 1},
		{.name = "orders"},
		{.name = "orders", .labels = &has_text, .nr_labels = 1},
		{.name = ""},
	};
	const char *wanted = "01011110";
	struct query *query = query_new("order", NULL);

	/* Each task after each other one. */
	query_begin(query, snapshot);
	for (size_t before = 0; before < COUNT(list); before++)
		for (size_t i = 0; i < COUNT(list); i++) {
			assert_int_equal(query_match(query, &list[before], 0),
					 wanted[before] == '1');
			assert_int_equal(query_match(query, &list[i], 0),
					 wanted[i] == '1');
		}
	assert_true(query_match(query, &list[4], 0));
	memcpy(key, "other", sizeof(key));
	query_begin(query, snapshot);
	assert_false(query_match(query, &list[4], 0));
	query_free(query);
	snapshot_unref(snapshot);
}

/* More terms than there are bits to remember them in. */
static void many_terms(void **state)
{
	char text[QUERY_TEXT_MAX] = "";

	for (int i = 0; i < 60; i++)
		strcat(text, i == 59 ? "fn:newprod" : "fn:nothing|");
	expect(text, "P");
	text[0] = '\0';
	for (int i = 0; i < 60; i++)
		strcat(text, "fn:newprod ");
	expect(text, "P");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(processes_are_columns),
		cmocka_unit_test(nothing_is_everything),
		cmocka_unit_test(words_look_at_every_column),
		cmocka_unit_test(case_matters_if_the_word_has_some),
		cmocka_unit_test(columns),
		cmocka_unit_test(labels),
		cmocka_unit_test(states),
		cmocka_unit_test(numbers),
		cmocka_unit_test(logic),
		cmocka_unit_test(quotes_and_parentheses_in_words),
		cmocka_unit_test(half_typed),
		cmocka_unit_test(errors_say_where),
		cmocka_unit_test(braces_that_are_no_repeat),
		cmocka_unit_test(depth_and_length_are_bounded),
		cmocka_unit_test(hostile_texts_are_cut_for_expressions),
		cmocka_unit_test(bytes_need_not_be_text),
		cmocka_unit_test(parts_are_found_everywhere),
		cmocka_unit_test(answers_are_forgotten_with_the_snapshot),
		cmocka_unit_test(labels_of_the_task_before),
		cmocka_unit_test(many_terms),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
