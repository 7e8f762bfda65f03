/* SPDX-License-Identifier: MIT */
/* A report and a comparison of the same samples say the same numbers in the same words, also
 * of a target that is several processes. */
#include "unit.h"

#include "core/graph.h"
#include "core/stack.h"
#include "out/diff.h"
#include "out/report.h"

#define START (100 * SECOND)

static struct stack_table *stacks;
static struct figures figures;
static struct report_history *history;
static struct snapshot *samples[2];

static const struct stack *stack_of(const char *function)
{
	struct frame frames[] = {{function, "main.c", 3, 0x10, false, false},
				 {"main", "main.c", 9, 0x20, false, false}};

	return stack_intern(stacks, frames, 2, false);
}

static void add_tasks(struct snapshot *s, const char *function, pid_t pid, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct task *task = snapshot_add(s);

		task->id = (uint64_t)(s->nr_tasks + 1000);
		task->tid = (pid_t)task->id;
		task->pid = pid;
		task->state = STATE_MUTEX;
		task->since_ns = START - 30 * SECOND;
		task->stack = stack_of(function);
		if (i == 0)
			task->flags = TASK_STUCK;
	}
}

static struct snapshot *make(int64_t after_ns)
{
	struct snapshot *s = snapshot_new();

	s->mono_ns = START + after_ns;
	s->real_ns = 1800000000 * SECOND + after_ns;
	s->target.name = "shop";
	s->target.sources = "native";
	resources_init(&s->resources);
	s->resources.fds = after_ns ? 20 : 10;
	s->resources.threads = 7;
	s->resources.rss_bytes = after_ns ? 9 << 20 : 8 << 20;
	return s;
}

static void add_member(struct snapshot *s, pid_t pid, const char *name, int64_t fds)
{
	struct member_process *member = &s->members[s->nr_members++];

	member->pid = pid;
	member->name = name;
	member->sources = "native";
	member->start_real_ns = pid;
	resources_init(&member->resources);
	member->resources.fds = fds;
	member->resources.limits[LIMIT_FDS] = (struct limit){fds, 40};
}

static void finish(struct snapshot *s)
{
	snapshot_name_processes(s);
	snapshot_count(s);
	figures_update(&figures, s);
	report_history_note(history, s);
}

/* One process; in the second sample it has three tasks more. */
static void make_one(void)
{
	for (int i = 0; i < 2; i++) {
		samples[i] = make(i * 30 * SECOND);
		samples[i]->target.pid = 4711;
		add_tasks(samples[i], "lock", 0, i ? 5 : 2);
		finish(samples[i]);
	}
}

/* A worker ends, an api is replaced, and another one appears with three tasks. */
static void make_several(void)
{
	for (int i = 0; i < 2; i++) {
		samples[i] = make(i * 30 * SECOND);
		samples[i]->members = arena_alloc(&samples[i]->arena,
						  8 * sizeof(struct member_process));
	}
	add_member(samples[0], 41, "api", 5);
	add_member(samples[0], 42, "worker", 5);
	add_member(samples[0], 43, "db", 5);
	add_tasks(samples[0], "lock", 42, 1);
	add_tasks(samples[0], "lock", 43, 1);
	add_member(samples[1], 43, "db", 39);
	add_member(samples[1], 44, "api", 5);
	add_member(samples[1], 45, "cron", 5);
	add_member(samples[1], 46, "root", -1);
	samples[1]->members[3].trouble = "no permission";
	add_tasks(samples[1], "lock", 43, 1);
	add_tasks(samples[1], "lock", 45, 3);
	finish(samples[0]);
	finish(samples[1]);
}

static int setup(void **state)
{
	stacks = stack_table_new(100);
	figures_init(&figures);
	history = calloc(1, sizeof(*history));
	return stacks && history ? 0 : -1;
}

static int teardown(void **state)
{
	for (int i = 0; i < 2; i++)
		snapshot_unref(samples[i]);
	stack_table_free(stacks);
	free(history);
	return 0;
}

static char *write_report(const char *format, struct buf *out)
{
	struct report_request request = {.snapshot = samples[1],
					 .history = history,
					 .nr_samples = 2,
					 .watched_ns = 30 * SECOND,
					 .ascii = true};

	buf_init(out, 0);
	report_by_name(format)->write(&request, out);
	/* Lines are wrapped; words are compared. */
	for (size_t i = 0; strcmp(format, "text") == 0 && i < out->length; i++)
		if (out->bytes[i] == '\n')
			out->bytes[i] = ' ';
	return out->bytes;
}

static char *write_diff(const char *format, struct buf *out)
{
	struct rows rows[2];
	struct diff_side sides[2];
	struct rows_options all = {.class = -1, .sort = {COLUMN_ID, false}};
	struct diff diff;
	struct diff_request request = {
		.diff = &diff, .sides = sides, .names = {"a", "b"}, .ascii = true};

	for (int i = 0; i < 2; i++) {
		rows_init(&rows[i]);
		assert_int_equal(rows_update(&rows[i], samples[i], &all,
					     samples[i]->mono_ns, NULL),
				 0);
		sides[i] = (struct diff_side){samples[i], &rows[i]};
	}
	assert_int_equal(diff_build(&diff, sides, NULL), 0);
	buf_init(out, 0);
	diff_by_name(format)->write(&request, out);
	diff_release(&diff);
	for (int i = 0; i < 2; i++)
		rows_release(&rows[i]);
	return out->bytes;
}

static void say_the_same(void **state)
{
	static const char *const words[] = {"5 tasks, 1 stuck, 0 long",
					    "shop, process 4711"};
	static const char *const figures_of_both[][2] = {
		{"tasks", "2 to 5"}, {"fds", "10 to 20"}, {"rss", "8.0 MB to 9.0 MB"}};
	struct buf report, diff;
	char text[80];

	make_one();
	write_report("text", &report);
	write_diff("text", &diff);
	for (size_t i = 0; i < COUNT(words); i++) {
		assert_contains(report.bytes, words[i]);
		assert_contains(diff.bytes, words[i]);
	}
	for (size_t i = 0; i < COUNT(figures_of_both); i++) {
		snprintf(text, sizeof(text), "- %s: %s", figures_of_both[i][0],
			 figures_of_both[i][1]);
		assert_contains(report.bytes, text);
		snprintf(text, sizeof(text), "%s %s", figures_of_both[i][0],
			 figures_of_both[i][1]);
		assert_contains(diff.bytes, text);
	}
	assert_contains(diff.bytes, ", 1 stuck, the oldest for 1m00s\n");
	assert_contains(diff.bytes, "A  a: shop, process 4711, 2 tasks, 1 stuck, 0 long");
	assert_contains(diff.bytes, "threads 7, ");
	assert_contains(
		diff.bytes,
		"Groups: 0 new, 0 gone, 1 grown, 0 shrunk, 0 unchanged (0 tasks).");
	buf_release(&report);
	buf_release(&diff);
	write_report("json", &report);
	write_diff("json", &diff);
	assert_contains(report.bytes, "{\"name\": \"fds\", \"first\": 10.000, ");
	assert_contains(diff.bytes, "\"tasks\": 5, \"stuck\": 1, \"long\": 0");
	assert_null(strstr(report.bytes, "processes"));
	assert_null(strstr(diff.bytes, "\"processes\": ["));
	buf_release(&report);
	buf_release(&diff);
}

static void reports_processes(void **state)
{
	struct buf out;

	make_several();
	write_report("text", &out);
	assert_contains(out.bytes, "shop, 4 processes ");
	assert_contains(out.bytes, "4 processes at the end, 3 appeared, 2 ended.");
	assert_contains(out.bytes,
			"- db 43: 1 task, 1 stuck, 0 long, fds 5 to 39; fds 39 of "
			"the 40 that it may open ");
	assert_contains(out.bytes,
			"- worker 42: 1 task, 1 stuck, 0 long; ended after 30.0s");
	assert_contains(out.bytes,
			"- cron 45: 3 tasks, 1 stuck, 0 long; appeared after 30.0s");
	assert_contains(out.bytes, "- root 46 cannot be read: no permission; appeared");
	assert_contains(out.bytes, "Resources of all processes");
	buf_release(&out);
	write_report("json", &out);
	assert_contains(out.bytes, "{\"pid\": 45, \"name\": \"cron\"");
	assert_contains(out.bytes, "\"appeared_ns\": 30000000000, \"ended_ns\": null");
	buf_release(&out);
}

/* A service whose processes come and go: what is not listed is counted. */
static void counts_processes_that_are_not_listed(void **state)
{
	static struct report_history churn;
	struct member_process members[3] = {{.pid = 1, .name = "master"}};
	struct snapshot sample = {.members = members};
	char text[REPORT_LINE_MAX];

	(void)state;
	for (int round = 0; round < 400; round++) {
		members[1] = (struct member_process){.pid = 2 * round + 10, .name = "a"};
		members[2] = (struct member_process){.pid = 2 * round + 11, .name = "b"};
		sample.nr_members = round < 399 ? 3 : 2;
		sample.mono_ns = (round + 1) * CLOCK_SECOND_NS;
		report_processes_note(&churn, &sample);
	}
	assert_string_equal(report_processes_text(&churn, text),
			    "2 processes at the end, 797 appeared, 798 ended; there were "
			    "more than are listed.");
	assert_string_equal(report_process_text(&churn, &churn.processes[0], text),
			    "master 1: 0 tasks, 0 stuck, 0 long");
}

/* There is only room for those that are still there. */
static void says_at_least_if_processes_cannot_be_counted(void **state)
{
	static struct report_history many;
	static struct member_process members[REPORT_PROCESSES_MAX + 9];
	struct snapshot sample = {.members = members, .mono_ns = 1};
	char text[REPORT_LINE_MAX];

	(void)state;
	for (int i = 0; i < REPORT_PROCESSES_MAX + 9; i++)
		members[i] = (struct member_process){.pid = i + 1, .name = "worker"};
	sample.nr_members = 200;
	report_processes_note(&many, &sample);
	sample.nr_members = REPORT_PROCESSES_MAX + 9;
	sample.mono_ns = 2;
	report_processes_note(&many, &sample);
	assert_string_equal(report_processes_text(&many, text),
			    "265 processes at the end, at least 56 appeared; there were "
			    "more than are listed.");
}

static void compares_processes(void **state)
{
	struct buf out;

	make_several();
	write_diff("text", &out);
	assert_contains(out.bytes, "A  a: shop, 3 processes, 2 tasks, 2 stuck, 0 long");
	assert_contains(out.bytes,
			"processes 3 to 4\n"
			"  cron 45 appeared: 3 tasks, 1 stuck, 0 long\n"
			"  root 46 appeared; it cannot be read: no permission\n"
			"  worker 42 ended: 1 task, 1 stuck, 0 long\n"
			"  api 41 was replaced by api 44\n"
			"  db 43: fds 5 to 39\n");
	assert_contains(out.bytes, ", 1 in processes that ended, 3 in processes that "
				   "appeared\n");
	buf_release(&out);
	write_diff("json", &out);
	assert_contains(out.bytes, "{\"change\": \"replaced\", \"a\": {\"pid\": 41, ");
	assert_contains(out.bytes, "{\"change\": \"ended\", \"a\": {\"pid\": 42, ");
	assert_contains(out.bytes, "\"in_ended\": 1, \"in_appeared\": 3");
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(say_the_same, setup, teardown),
		cmocka_unit_test_setup_teardown(reports_processes, setup, teardown),
		cmocka_unit_test(counts_processes_that_are_not_listed),
		cmocka_unit_test(says_at_least_if_processes_cannot_be_counted),
		cmocka_unit_test_setup_teardown(compares_processes, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
