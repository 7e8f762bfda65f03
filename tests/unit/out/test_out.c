/* SPDX-License-Identifier: MIT */
/* Outputs of snapshots made by hand: hostile bytes, unknown values, widths, circles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "core/graph.h"
#include "core/stack.h"
#include "out/escape.h"
#include "out/out.h"
#include "out/report.h"

#define NOW_NS (100 * CLOCK_SECOND_NS)

struct fixture {
	struct snapshot *snapshot;
	struct settings settings;
	struct rows rows;
	struct out_request request;
	struct buf out;
};

static struct task *add_thread(struct snapshot *snapshot, pid_t tid, const char *name,
			       enum task_state state, int64_t age_ns)
{
	struct task *task = snapshot_add(snapshot);

	assert_non_null(task);
	task->id = (uint64_t)tid;
	task->tid = tid;
	task->kind = TASK_THREAD;
	task->name = name;
	task->state = state;
	task->since_ns = NOW_NS - age_ns;
	return task;
}

static void hold(struct task *task, const char *kind, pid_t owner)
{
	task->waits.kind = kind;
	task->waits.text = "a lock";
	task->waits.address = 0x1000;
	task->waits.owner_tid = owner;
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	fixture->snapshot = snapshot_new();
	assert_non_null(fixture->snapshot);
	fixture->snapshot->target.name = "server";
	fixture->snapshot->target.pid = 4711;
	fixture->snapshot->target.sources = "agent, native";
	fixture->snapshot->mono_ns = NOW_NS;
	fixture->snapshot->real_ns = 1795255200123000000;
	resources_init(&fixture->snapshot->resources);
	fixture->snapshot->resources.rss_bytes = 4096;
	fixture->snapshot->resources.threads = 2;
	fixture->snapshot->resources.children = 0;
	settings_default(&fixture->settings);
	rows_init(&fixture->rows);
	buf_init(&fixture->out, 0);
	fixture->request.snapshot = fixture->snapshot;
	fixture->request.rows = &fixture->rows;
	fixture->request.settings = &fixture->settings;
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	rows_release(&fixture->rows);
	buf_release(&fixture->out);
	snapshot_unref(fixture->snapshot);
	free(fixture);
	return 0;
}

static const char *write_as(struct fixture *fixture, const char *format)
{
	struct rows_options all = {.class = -1, .sort = {COLUMN_ID, false}};
	struct err e = {0};

	snapshot_count(fixture->snapshot);
	assert_int_equal(rows_update(&fixture->rows, fixture->snapshot, &all, NOW_NS, &e),
			 0);
	buf_clear(&fixture->out);
	assert_int_equal(out_by_name(format)->write(&fixture->request, &fixture->out, &e),
			 0);
	return fixture->out.bytes;
}

static json_t *write_json(struct fixture *fixture)
{
	json_error_t problem;
	json_t *root =
		json_loads(write_as(fixture, "json"), JSON_REJECT_DUPLICATES, &problem);

	if (!root)
		fail_msg("line %d: %s", problem.line, problem.text);
	return root;
}

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static void escapes_what_harms(void **state)
{
	static const struct {
		const char *text, *shown;
	} cases[] = {
		{"plain", "plain"},
		{"a\nb\tc\r", "a\\nb\\tc\\r"},
		{"\033[31mred", "\\x1b[31mred"},
		{"\177", "\\x7f"},
		{"\xff\xfe", "\\xff\\xfe"},
		{"\xc0\xaf", "\\xc0\\xaf"},          /* overlong */
		{"\xed\xa0\x80", "\\xed\\xa0\\x80"}, /* surrogate */
		{"\xe2\x82", "\\xe2\\x82"},          /* cut off */
		{"\xc2\x9b", "\\u{9b}"},             /* C1: CSI */
		{"\xe2\x80\xae", "\\u{202e}"},       /* right-to-left override */
		{"\xd8\x9c", "\\u{61c}"},            /* a mark of Arabic */
		{"\xe3\x85\xa4", "\\u{3164}"},       /* a letter that is not seen */
		{"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out;

		buf_init(&out, 0);
		escape_text(&out, cases[i].text, 0, false);
		assert_string_equal(out.bytes, cases[i].shown);
		buf_release(&out);
	}
	assert_int_equal(escape_cells("gr\xc3\xbc\xc3\x9f", false), 4);
	assert_int_equal(escape_cells("\xe6\x97\xa5", false), 2);
	assert_int_equal(escape_cells("\xe6\x97\xa5", true), strlen("\\u{65e5}"));
}

static void cuts_between_characters(void **state)
{
	struct buf out;

	buf_init(&out, 0);
	assert_int_equal(escape_text(&out, "abcdef", 4, true), 4);
	assert_string_equal(out.bytes, "abc~");
	buf_clear(&out);
	/* A wide character does not fit the last cell. */
	assert_int_equal(escape_text(&out, "a\xe6\x97\xa5\xe6\x97\xa5", 3, false), 2);
	assert_string_equal(out.bytes, "a\xe2\x80\xa6");
	buf_clear(&out);
	/* Nor does an escape that would be cut in two. */
	assert_int_equal(escape_text(&out, "a\033bc", 3, true), 2);
	assert_string_equal(out.bytes, "a~");
	buf_release(&out);
}

/* The JSON does not control a terminal either, and a parser gets the original text. */
static void json_moves_no_terminal(void **state)
{
	static const char text[] = "\xc2\x9b"
				   "2J\xe2\x80\xae\xf3\xa0\x80\x81gr\xc3\xbc\xc3\x9f";
	struct buf out;

	(void)state;
	buf_init(&out, 0);
	escape_json(&out, text);
	assert_string_equal(out.bytes,
			    "\"\\u009b2J\\u202e\\udb40\\udc01gr\xc3\xbc\xc3\x9f\"");
	json_t *parsed = json_loads(out.bytes, JSON_DECODE_ANY, NULL);

	assert_string_equal(json_string_value(parsed), text);
	json_decref(parsed);
	buf_release(&out);
}

static void json_survives_hostile_bytes(void **state)
{
	struct fixture *fixture = *state;
	static const struct label labels[] = {
		{"k", "first"}, {"k", "again"}, {"\xff", "\x01"}};
	struct task *task =
		add_thread(fixture->snapshot, 7, "a\"b\\c\n\xff\xc0\x80", STATE_MUTEX, 1);
	json_t *root, *first;

	task->labels = labels;
	task->nr_labels = 3;
	task->raw = "\x7f";
	fixture->snapshot->target.name = "\xed\xa0\x80";
	root = write_json(fixture);
	first = json_array_get(json_object_get(root, "tasks"), 0);
	assert_string_equal(text_of(first, "name"),
			    "a\"b\\c\n\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	assert_string_equal(text_of(json_object_get(first, "labels"), "k"), "first");
	assert_int_equal(json_object_size(json_object_get(first, "labels")), 2);
	assert_null(strchr(fixture->out.bytes, '\x7f'));
	json_decref(root);
}

static void json_says_null_for_unknown(void **state)
{
	struct fixture *fixture = *state;
	struct task *task = add_thread(fixture->snapshot, 0, "x", STATE_UNKNOWN, 0);
	json_t *root, *first, *resources;

	task->kind = TASK_COROUTINE;
	task->id = 3;
	task->since_ns = 0;
	root = write_json(fixture);
	first = json_array_get(json_object_get(root, "tasks"), 0);
	resources = json_object_get(root, "resources");
	assert_string_equal(text_of(first, "id"), "c3");
	assert_string_equal(text_of(first, "kind"), "coroutine");
	assert_true(json_is_null(json_object_get(first, "tid")));
	assert_true(json_is_null(json_object_get(first, "age_ns")));
	assert_true(json_is_null(json_object_get(first, "raw")));
	assert_true(json_is_null(json_object_get(first, "waits_on")));
	assert_true(json_is_null(json_object_get(first, "cpu_percent")));
	assert_true(json_is_null(json_object_get(resources, "fds")));
	assert_int_equal(json_integer_value(json_object_get(resources, "rss_bytes")),
			 4096);
	json_decref(root);
}

static void json_says_what_is_known(void **state)
{
	struct fixture *fixture = *state;
	struct task *task = add_thread(fixture->snapshot, 4712, "worker", STATE_CHAN_SEND,
				       12500000000);
	struct stack_table *table = stack_table_new(16);
	struct frame frame = {"producer", "main.c", 31, 0x46a2c1, false, false};
	const json_t *first, *counts, *seen;
	json_t *root;

	task->flags = TASK_STUCK | TASK_AGE_EXACT;
	hold(task, "channel", 4713);
	task->stack = stack_intern(table, &frame, 1, false);
	task->cpu_percent = 12.34f;
	task->switches = UINT64_C(9007199254740993);
	snapshot_note(fixture->snapshot, "a %s", "note");
	root = write_json(fixture);
	first = json_array_get(json_object_get(root, "tasks"), 0);
	assert_string_equal(text_of(first, "id"), "t4712");
	assert_string_equal(text_of(first, "state"), "chan-send");
	assert_string_equal(text_of(first, "class"), "channel");
	assert_int_equal(json_integer_value(json_object_get(first, "age_ns")),
			 12500000000);
	assert_true(json_is_true(json_object_get(first, "stuck")));
	assert_true(json_is_true(json_object_get(first, "age_exact")));
	assert_true(json_is_false(json_object_get(first, "idle")));
	assert_string_equal(text_of(json_object_get(first, "waits_on"), "owner"),
			    "t4713");
	assert_string_equal(text_of(json_object_get(first, "waits_on"), "address"),
			    "0x1000");
	seen = json_array_get(json_object_get(first, "stack"), 0);
	assert_string_equal(text_of(seen, "function"), "producer");
	assert_int_equal(json_integer_value(json_object_get(seen, "line")), 31);
	assert_non_null(strstr(fixture->out.bytes, "\"cpu_percent\": 12.3,"));
	assert_non_null(strstr(fixture->out.bytes, "\"switches\": 9007199254740993,"));
	counts = json_object_get(root, "counts");
	assert_int_equal(json_integer_value(json_object_get(counts, "stuck")), 1);
	assert_int_equal(json_object_size(json_object_get(counts, "by_state")), 1);
	assert_string_equal(
		json_string_value(json_array_get(json_object_get(root, "errors"), 0)),
		"a note");
	assert_int_equal(json_array_size(json_object_get(json_object_get(root, "target"),
							 "sources")),
			 2);
	assert_string_equal(text_of(root, "time"), "2026-11-21T10:00:00.123Z");
	json_decref(root);
	stack_table_free(table);
}

static void writes_cycles(void **state)
{
	struct fixture *fixture = *state;
	struct snapshot *snapshot = fixture->snapshot;

	hold(add_thread(snapshot, 1, "a", STATE_MUTEX, CLOCK_SECOND_NS), "mutex", 2);
	hold(add_thread(snapshot, 2, "b", STATE_MUTEX, CLOCK_SECOND_NS), "mutex", 1);
	/* Waits for the circle, is not in it. */
	hold(add_thread(snapshot, 3, "c", STATE_MUTEX, CLOCK_SECOND_NS), "mutex", 1);
	/* Waits for itself. */
	hold(add_thread(snapshot, 4, "d", STATE_MUTEX, CLOCK_SECOND_NS), "mutex", 4);
	/* An owner that is not there. */
	hold(add_thread(snapshot, 7, "g", STATE_MUTEX, CLOCK_SECOND_NS), "mutex", 99);
	assert_int_equal(graph_build(snapshot, NULL), 0);
	graph_settle(snapshot, NULL, NULL);
	write_as(fixture, "json");
	assert_non_null(
		strstr(fixture->out.bytes, "\"cycles\": [[\"t1\", \"t2\"], [\"t4\"]]"));
	write_as(fixture, "text");
	assert_non_null(
		strstr(fixture->out.bytes, "deadlock 1 of 2: they wait for each"));
	assert_non_null(
		strstr(fixture->out.bytes, "deadlock 2 of 2: it waits for itself"));
}

/* The longest line of the output in cells, and whether it contains a text. */
static size_t widest(const char *text)
{
	size_t most = 0;

	while (*text) {
		size_t bytes = strcspn(text, "\n"), cells;
		char line[4096];

		assert_true(bytes < sizeof(line));
		memcpy(line, text, bytes);
		line[bytes] = '\0';
		cells = escape_cells(line, false);
		most = cells > most ? cells : most;
		text += bytes + (text[bytes] == '\n');
	}
	return most;
}

static void text_fits_the_terminal(void **state)
{
	struct fixture *fixture = *state;
	static const int widths[] = {20, 40, 80, 200};
	const char *table;
	char long_text[301];

	memset(long_text, 'w', 300);
	long_text[300] = '\0';
	fixture->snapshot->target.name = "s";
	for (pid_t tid = 1; tid < 20; tid++)
		hold(add_thread(fixture->snapshot, tid, "a name", STATE_MUTEX,
				tid * CLOCK_SECOND_NS),
		     "mutex", 1);
	fixture->snapshot->tasks[3].waits.text = long_text;
	for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
		fixture->request.width = widths[i];
		table = strstr(write_as(fixture, "text"), "\n\n");
		assert_non_null(table);
		assert_true(widest(table) <= (size_t)widths[i]);
		assert_non_null(strstr(table, "STATE"));
		assert_null(strstr(table, long_text));
	}
	fixture->request.width = 0;
	assert_non_null(strstr(write_as(fixture, "text"), long_text));
	assert_null(strstr(fixture->out.bytes, " \n"));
}

static void text_shows_chosen_columns(void **state)
{
	struct fixture *fixture = *state;
	struct err e = {0};

	add_thread(fixture->snapshot, 12, "na\033me", STATE_IO_READ, CLOCK_SECOND_NS);
	assert_int_equal(column_list_parse(&fixture->settings.columns, "name,state", &e),
			 0);
	write_as(fixture, "text");
	assert_non_null(
		strstr(fixture->out.bytes, "\nNAME      STATE\nna\\x1bme  io-read\n"));
	assert_null(strchr(fixture->out.bytes, '\033'));
	assert_non_null(
		strstr(fixture->out.bytes, "tasks 1, stuck 0, threads 2, rss 4.0 kB"));
}

/* Two processes with a goroutine 17 each, and one that cannot be read. */
static void make_service(struct snapshot *snapshot, struct member_process members[3])
{
	members[0] = (struct member_process){
		.pid = 40, .name = "worker", .sources = "native", .start_real_ns = 5};
	members[1] = (struct member_process){.pid = 4711,
					     .name = "api",
					     .sources = "goruntime",
					     .runtime = "go1.26.4"};
	members[2] = (struct member_process){
		.pid = 4712, .name = "root", .sources = "", .trouble = "no permission"};
	for (int i = 0; i < 3; i++)
		resources_init(&members[i].resources);
	members[1].resources.rss_bytes = 8192;
	snapshot->target.pid = 0;
	snapshot->target.name = "shop";
	snapshot->members = members;
	snapshot->nr_members = 3;
	for (int i = 0; i < 2; i++) {
		struct task *task =
			add_thread(snapshot, 17, "", STATE_MUTEX, CLOCK_SECOND_NS);

		task->kind = TASK_GOROUTINE;
		task->tid = 0;
		task->pid = members[i].pid;
		task->serial = (uint64_t)i;
		task->creator_id = 1;
		hold(task, "mutex", 0);
		waits_edit(&task->waits, &snapshot->arena)->owner_goid = 9;
	}
	snapshot_name_processes(snapshot);
}

static void text_shows_processes(void **state)
{
	struct fixture *fixture = *state;
	struct member_process members[3];

	make_service(fixture->snapshot, members);
	fixture->request.stacks = true;
	write_as(fixture, "text");
	assert_non_null(strstr(fixture->out.bytes, "shop (3 processes) through "));
	assert_non_null(strstr(fixture->out.bytes,
			       "   4711  api          1      0        -   8.0 kB      -  "
			       "goruntime, go1.26.4\n"));
	assert_non_null(strstr(fixture->out.bytes, "   4712  root     no permission\n"));
	assert_non_null(strstr(fixture->out.bytes, "ID    PID  PROCESS  STATE"));
	assert_non_null(strstr(fixture->out.bytes, "g17  4711  api      mutex"));
	assert_non_null(strstr(fixture->out.bytes, "g17    40  worker   mutex"));
	assert_non_null(strstr(fixture->out.bytes, "a lock, held by g9@4711\n"));
}

static void json_shows_processes(void **state)
{
	struct fixture *fixture = *state;
	struct member_process members[3];
	json_t *root, *list, *task;

	make_service(fixture->snapshot, members);
	root = write_json(fixture);
	list = json_object_get(root, "processes");
	assert_int_equal(json_array_size(list), 3);
	assert_true(
		json_is_null(json_object_get(json_object_get(root, "target"), "pid")));
	assert_string_equal(text_of(json_array_get(list, 1), "name"), "api");
	assert_string_equal(text_of(json_array_get(list, 1), "runtime"), "go1.26.4");
	assert_true(json_is_null(json_object_get(json_array_get(list, 1), "error")));
	assert_string_equal(text_of(json_array_get(list, 2), "error"), "no permission");
	assert_int_equal(
		json_integer_value(json_object_get(
			json_object_get(json_array_get(list, 0), "counts"), "tasks")),
		1);
	task = json_array_get(json_object_get(root, "tasks"), 0);
	assert_string_equal(text_of(task, "id"), "g17@40");
	assert_string_equal(text_of(task, "parent"), "g1@40");
	assert_string_equal(text_of(json_object_get(task, "waits_on"), "owner"), "g9@40");
	assert_int_equal(json_integer_value(json_object_get(task, "pid")), 40);
	json_decref(root);
}

/* Stacks begin with the process, and metrics are those of each. */
static void formats_say_the_process(void **state)
{
	struct fixture *fixture = *state;
	struct member_process members[3];
	struct stack_table *table = stack_table_new(16);
	struct frame frames[] = {{"main.get", "a.go", 3, 0x10, false, false}};
	const char *text;

	make_service(fixture->snapshot, members);
	for (size_t i = 0; i < 2; i++)
		fixture->snapshot->tasks[i].stack = stack_intern(table, frames, 1, false);
	text = write_as(fixture, "folded");
	assert_string_equal(text, "api;main.get;[mutex] 1\nworker;main.get;[mutex] 1\n");
	text = write_as(fixture, "openmetrics");
	assert_non_null(strstr(text, "grmon_up{target=\"api\",pid=\"4711\"} 1\n"));
	assert_non_null(strstr(text, "grmon_up{target=\"root\",pid=\"4712\"} 0\n"));
	assert_non_null(strstr(text, "grmon_tasks{target=\"worker\",pid=\"40\","
				     "state=\"mutex\",class=\"lock\"} 1\n"));
	assert_non_null(strstr(text, "grmon_process_resident_memory_bytes{target="
				     "\"api\",pid=\"4711\"} 8192\n"));
	text = write_as(fixture, "speedscope");
	assert_non_null(strstr(text, "\"name\": \"api g17@4711\""));
	stack_table_free(table);
}

static void text_adds_stacks(void **state)
{
	struct fixture *fixture = *state;
	struct task *task =
		add_thread(fixture->snapshot, 12, "name", STATE_COND, CLOCK_SECOND_NS);
	struct stack_table *table = stack_table_new(16);
	struct frame frames[] = {{"inner", "a.c", 3, 0x10, false, false},
				 {NULL, NULL, 0, 0x20, false, false}};

	task->stack = stack_intern(table, frames, 2, true);
	task->created_by = stack_intern(table, frames, 1, false);
	task_edit(task, &fixture->snapshot->arena)->creator_name = "boss";
	assert_null(strstr(write_as(fixture, "text"), "#0"));
	fixture->request.stacks = true;
	write_as(fixture, "text");
	assert_non_null(strstr(fixture->out.bytes, "#0  inner at a.c:3\n"));
	assert_non_null(strstr(fixture->out.bytes, "#1  0x20\n"));
	assert_non_null(strstr(fixture->out.bytes, "(the rest is unknown)"));
	assert_non_null(strstr(fixture->out.bytes, "created by boss\n"));
	stack_table_free(table);
}

static size_t flushed_bytes;

static int count_flushed(void *flush_ctx, struct buf *out, struct err *e)
{
	struct buf *kept = flush_ctx;

	flushed_bytes = out->length > flushed_bytes ? out->length : flushed_bytes;
	buf_append(kept, out->bytes, out->length);
	buf_clear(out);
	return 0;
}

/* A large snapshot is handed on in pieces, and the pieces are the whole. */
static void output_is_a_stream(void **state)
{
	struct fixture *fixture = *state;
	json_error_t problem;
	struct buf kept;
	json_t *root;

	for (pid_t tid = 1; tid <= 5000; tid++)
		add_thread(fixture->snapshot, tid, "worker", STATE_MUTEX,
			   CLOCK_SECOND_NS);
	buf_init(&kept, 0);
	fixture->request.flush = count_flushed;
	fixture->request.flush_ctx = &kept;
	write_as(fixture, "json");
	assert_int_equal(fixture->out.length, 0);
	assert_true(flushed_bytes < 100000);
	assert_true(kept.length > 1000000);
	root = json_loadb(kept.bytes, kept.length, 0, &problem);
	assert_non_null(root);
	assert_int_equal(json_array_size(json_object_get(root, "tasks")), 5000);
	json_decref(root);
	buf_release(&kept);
}

/* Also where the name of the target is in the title. */
static void reports_in_ascii(void **state)
{
	struct snapshot *snapshot = snapshot_new();
	struct report_request request = {
		.snapshot = snapshot, .nr_samples = 1, .ascii = true};
	struct buf out;

	(void)state;
	assert_non_null(snapshot);
	snapshot->target.pid = 7;
	snapshot->target.name = "w\xc3\xb6rker";
	for (size_t i = 0; report_table[i]; i++) {
		if (strcmp(report_table[i]->name, "text") != 0 &&
		    strcmp(report_table[i]->name, "markdown") != 0)
			continue;
		buf_init(&out, 0);
		report_table[i]->write(&request, &out);
		assert_non_null(strstr(out.bytes, "rker"));
		for (size_t at = 0; at < out.length; at++)
			assert_true((unsigned char)out.bytes[at] < 0x80);
		buf_release(&out);
	}
	snapshot_unref(snapshot);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reports_in_ascii),
		cmocka_unit_test(escapes_what_harms),
		cmocka_unit_test(cuts_between_characters),
		cmocka_unit_test(json_moves_no_terminal),
		cmocka_unit_test_setup_teardown(json_survives_hostile_bytes, setup,
						teardown),
		cmocka_unit_test_setup_teardown(json_says_null_for_unknown, setup,
						teardown),
		cmocka_unit_test_setup_teardown(json_says_what_is_known, setup, teardown),
		cmocka_unit_test_setup_teardown(writes_cycles, setup, teardown),
		cmocka_unit_test_setup_teardown(text_fits_the_terminal, setup, teardown),
		cmocka_unit_test_setup_teardown(text_shows_chosen_columns, setup,
						teardown),
		cmocka_unit_test_setup_teardown(text_shows_processes, setup, teardown),
		cmocka_unit_test_setup_teardown(json_shows_processes, setup, teardown),
		cmocka_unit_test_setup_teardown(formats_say_the_process, setup, teardown),
		cmocka_unit_test_setup_teardown(text_adds_stacks, setup, teardown),
		cmocka_unit_test_setup_teardown(output_is_a_stream, setup, teardown),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		setlocale(LC_CTYPE, "");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
