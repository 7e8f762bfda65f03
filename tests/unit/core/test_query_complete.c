/* SPDX-License-Identifier: MIT */
/* What a filter that is being typed can go on with. Each candidate is a valid filter, and
 * a value that is offered matches a task. */
#include "unit.h"

#include "core/query.h"
#include "core/query_complete.h"
#include "core/stack.h"

static const struct frame frames[] = {
	{"futex_wait", NULL, 0, 1, false, false},
	{"main.(*job).run", "/srv/main.go", 31, 3, false, false},
	{"operator new(unsigned long, int)", "/srv/main.cc", 7, 3, false, false},
};
static const struct label labels[] = {{"request", "/api/items"},
				      {"request", "/api/\"all\" | more"},
				      {"user", "Ada"},
				      {"no key", "x"}};

static struct task tasks[] = {
	{.kind = TASK_THREAD,
	 .id = 4712,
	 .state = STATE_CHAN_SEND,
	 .name = "worker-1",
	 .waits = {.kind = "channel", .text = "chan results cap 0"},
	 .labels = labels,
	 .nr_labels = 4},
	{.kind = TASK_GOROUTINE,
	 .id = 17,
	 .state = STATE_MUTEX,
	 .name = "worker (2)",
	 .waits = {.kind = "mutex", .text = "mutex of t4711"}},
	{.kind = TASK_THREAD, .id = 18, .name = "bad\033[31m\xff"},
	{.kind = TASK_THREAD, .id = 19, .name = ""},
};
static struct snapshot snapshot = {.tasks = tasks, .nr_tasks = COUNT(tasks)};
static struct query_completion found;
static struct stack_table *stacks;

static int set_up(void **state)
{
	(void)state;
	stacks = stack_table_new(100);
	tasks[0].stack = stack_intern(stacks, frames, 3, false);
	tasks[1].stack = stack_intern(stacks, frames + 1, 2, false);
	query_completion_init(&found);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	query_completion_release(&found);
	stack_table_free(stacks);
	return 0;
}

/* Returns the candidates for a text with the cursor at its end, separated by commas. */
static const char *complete(const char *text)
{
	static char out[8192];
	size_t used = 0;

	out[0] = '\0';
	query_complete(&found, text, strlen(text), &snapshot);
	for (size_t i = 0; i < found.count; i++)
		used += (size_t)snprintf(out + used, sizeof(out) - used, "%s%s",
					 i > 0 ? "," : "", found.list[i]);
	return out;
}

static void test_names(void **unused)
{
	(void)unused;
	assert_string_equal(complete("st"), "state:,stack:");
	assert_int_equal(query_completion_common(&found), 3);
	assert_string_equal(complete("sta q"), "");
	assert_string_equal(complete("NA"), "name:");
	assert_string_equal(complete("ag"), "age>");
	assert_string_equal(complete("fn"), "fn:,fn=,fn~,fn!=,fn!~");
	assert_string_equal(complete("wai"), "waits:");
	assert_string_equal(complete("state:mutex !na"), "name:");
	assert_int_equal(found.from, 13);
	assert_string_equal(complete("(a|na"), "name:");
	assert_int_equal(found.from, 3);
	assert_string_equal(complete("age"), "age>,age<,age>=,age<=,age=");
	assert_string_equal(complete("mut"), "state:mutex");
	assert_string_equal(complete("zzz"), "");
	assert_contains(complete("a "), "mark:,id:,");
	assert_string_equal(complete("\"na"), "");
}

static void test_states(void **unused)
{
	(void)unused;
	assert_string_equal(complete("state:chan"), "chan-send,chan-recv,channel");
	assert_int_equal(query_completion_common(&found), 4);
	assert_string_equal(complete("!is:stu"), "stuck");
	assert_int_equal(found.from, 4);
	assert_string_equal(complete("state!=MUT"), "mutex");
	assert_contains(complete("state:"), "mutex,");
	assert_string_equal(complete("state~mu"), "");
}

static void test_labels(void **unused)
{
	(void)unused;
	assert_string_equal(complete("lab"), "labels:,label.");
	assert_string_equal(complete("label."), "label.request:,label.user:");
	assert_string_equal(complete("label.us"), "label.user:");
	assert_string_equal(complete("label.request:"),
			    "\"/api/\\\"all\\\" | more\",/api/items");
	assert_string_equal(complete("label.user=a"), "Ada");
	assert_string_equal(complete("label.none:"), "");
}

static void test_values(void **unused)
{
	(void)unused;
	assert_string_equal(complete("name:wor"), "\"worker (2)\",worker-1");
	assert_true(found.from_start);
	assert_string_equal(complete("name:ker"), "\"worker (2)\",worker-1");
	assert_false(found.from_start);
	assert_string_equal(complete("name:\"worker ("), "\"worker (2)\"");
	assert_int_equal(found.from, 5);
	assert_string_equal(complete("name:bad"), "");
	assert_string_equal(complete("waits:"), "chan,mutex");
	assert_string_equal(complete("fn:job"), "main.(*job).run");
	assert_string_equal(complete("stack:new"),
			    "\"operator new(unsigned long, int)\"");
	assert_string_equal(complete("id:g"), "g17");
	assert_string_equal(complete("age>1"), "1s,10s,1m,10m,1h");
}

static bool matches(const char *text)
{
	struct err e;
	struct query *query = query_new(text, &e);
	bool any = false;

	if (!query)
		fail_msg("'%s': %s", text, e.text);
	query_begin(query, &snapshot);
	for (size_t i = 0; i < COUNT(tasks); i++)
		any |= query_match(query, &tasks[i], 1);
	query_free(query);
	return any;
}

/* Whatever is taken can be read as a filter, and a value matches its task. */
static void test_taken(void **unused)
{
	static const char *const texts[] = {
		"",          "!",         "(a | ",  "st",
		"name:",     "fn:",       "id:",    "waits:",
		"label.",    "state:",    "stack=", "created:",
		"location:", "labels:us", "age>",   "label.request:"};

	(void)unused;
	for (size_t i = 0; i < COUNT(texts); i++) {
		complete(texts[i]);
		for (size_t k = 0; k < found.count; k++) {
			char whole[512];
			bool any;

			snprintf(whole, sizeof(whole), "%.*s%s", (int)found.from,
				 texts[i], found.list[k]);
			any = matches(whole);
			if (strchr(texts[i], ':') && strcmp(texts[i], "state:") != 0)
				assert_true(any);
		}
	}
}

static void test_bounds(void **unused)
{
	static struct task many[1000];
	static char names[1000][16];
	struct snapshot large = {.tasks = many, .nr_tasks = COUNT(many)};
	char text[QUERY_TEXT_MAX];

	(void)unused;
	for (size_t i = 0; i < COUNT(many); i++) {
		snprintf(names[i], sizeof(names[i]), "n%zu", i);
		many[i] = (struct task){.id = i, .name = names[i]};
	}
	query_complete(&found, "name:n", 6, &large);
	assert_int_equal(found.count, QUERY_COMPLETE_MAX);
	assert_true(found.more);
	query_complete(&found, "name:n", 6, NULL);
	assert_int_equal(found.count, 0);
	memset(text, 'n', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	query_complete(&found, text, sizeof(text) - 1, &large);
	assert_int_equal(found.count, 0);
	/* Any text, with the cursor anywhere. */
	for (unsigned seed = 1; seed < 20000; seed++) {
		static const char bytes[] = "a:!()|\"\\ =~<>.l";
		unsigned next = seed;
		size_t length = seed % 12;

		for (size_t i = 0; i < length; i++) {
			next = next * 1103515245 + 12345;
			text[i] = bytes[(next >> 16) % (sizeof(bytes) - 1)];
		}
		text[length] = '\0';
		query_complete(&found, text, length, &snapshot);
		assert_true(found.from <= found.to && found.to == length);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),  cmocka_unit_test(test_states),
		cmocka_unit_test(test_labels), cmocka_unit_test(test_values),
		cmocka_unit_test(test_taken),  cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
