/* SPDX-License-Identifier: MIT */
/* Recordings of a target that is several processes read back the same, with processes that
 * come, change and go; and recordings from before there were such targets. */
#include "unit.h"

#include <unistd.h>

#include "base/clock.h"
#include "core/graph.h"
#include "out/out.h"
#include "out/stream.h"
#include "rec/reader.h"

#define SAMPLES 8

static struct intern *intern;
static struct stack_table *stacks;

static int setup(void **state)
{
	intern = intern_new(1 << 20);
	stacks = stack_table_new(1000);
	return intern && stacks ? 0 : -1;
}

static int teardown(void **state)
{
	stack_table_free(stacks);
	intern_free(intern);
	return 0;
}

/* In sample 2 a process comes, in sample 4 one ends, and in sample 5 another has its pid. In
 * sample 6 there is none. */
static bool is_there(int process, int n)
{
	static const bool there[3][SAMPLES] = {
		{1, 1, 1, 1, 0, 1, 0, 0},
		{1, 1, 1, 1, 1, 1, 0, 1},
		{0, 0, 1, 1, 1, 1, 0, 0},
	};

	return there[process][n];
}

static void add_process(struct snapshot *snapshot, int process, int n)
{
	static const struct wait_more held_by = {.owner_goid = 9};
	static const char *const names[] = {"worker", "api", "api"};
	struct member_process *member = &snapshot->members[snapshot->nr_members++];
	struct timers *timers;
	struct task *task;

	member->pid = 40 + process;
	member->name = process == 0 && n == 5 ? "other" : names[process];
	member->sources = process == 1 ? "agent, native" : "native";
	member->runtime = process == 1 && n > 2 ? "go1.26.4" : NULL;
	member->trouble = process == 2 ? "no permission" : NULL;
	member->start_real_ns = process == 0 && n == 5 ? 900 : 100 + process;
	resources_init(&member->resources);
	member->resources.fds = process * 10 + n / 2;
	member->resources.limits[LIMIT_PIDS] = (struct limit){n, 100 + process};
	if (process == 1) {
		timers = arena_alloc(&snapshot->arena, sizeof(*timers));
		assert_non_null(timers);
		*timers = (struct timers){
			.count = 7, .tickers = 1, .read_ns = snapshot->mono_ns};
		member->timers = timers;
	}
	/* The serial is mixed with the pid, and may have any bits. */
	task = snapshot_add(snapshot);
	*task = (struct task){.kind = TASK_GOROUTINE,
			      .id = 17,
			      .serial = UINT64_MAX - (uint64_t)process * 3 - (n == 5),
			      .pid = member->pid,
			      .state = n % 2 ? STATE_SELECT : STATE_MUTEX,
			      .creator_id = 1,
			      .name = "",
			      .waits = {.kind = "mutex",
					.text = "held by g9",
					.more = &held_by,
					.fd = -1},
			      .cpu_percent = -1};
	task = snapshot_add(snapshot);
	task->id = (uint64_t)member->pid;
	task->pid = task->tid = member->pid;
	task->serial = (uint64_t)member->start_real_ns;
}

static struct snapshot *make_sample(int n)
{
	struct snapshot *snapshot = snapshot_new();

	snapshot->mono_ns = (n + 1) * CLOCK_SECOND_NS;
	snapshot->real_ns = (n + 1000) * CLOCK_SECOND_NS;
	snapshot->target.name = "shop";
	snapshot->target.sources = "agent, native";
	resources_init(&snapshot->resources);
	snapshot->members = arena_alloc(&snapshot->arena, 3 * sizeof(*snapshot->members));
	assert_non_null(snapshot->members);
	for (int process = 0; process < 3; process++)
		if (is_there(process, n))
			add_process(snapshot, process, n);
	snapshot_name_processes(snapshot);
	snapshot_count(snapshot);
	return snapshot;
}

static void assert_text(const char *got, const char *wanted)
{
	assert_int_equal(got == NULL, wanted == NULL);
	if (got)
		assert_string_equal(got, wanted);
}

static const struct task *find(const struct snapshot *snapshot, const struct task *wanted)
{
	for (size_t i = 0; i < snapshot->nr_tasks; i++) {
		const struct task *task = &snapshot->tasks[i];

		if (task->kind == wanted->kind && task->id == wanted->id &&
		    task->pid == wanted->pid)
			return task;
	}
	return NULL;
}

static void assert_same_member(const struct member_process *got,
			       const struct member_process *wanted)
{
	assert_int_equal(got->pid, wanted->pid);
	assert_text(got->name, wanted->name);
	assert_text(got->sources, wanted->sources);
	assert_text(got->runtime, wanted->runtime);
	assert_text(got->trouble, wanted->trouble);
	assert_int_equal(got->start_real_ns, wanted->start_real_ns);
	assert_int_equal(got->resources.fds, wanted->resources.fds);
	assert_int_equal(got->resources.rss_bytes, -1);
	assert_int_equal(got->resources.limits[LIMIT_PIDS].most,
			 wanted->resources.limits[LIMIT_PIDS].most);
	assert_int_equal(got->timers ? got->timers->count : -2,
			 wanted->timers ? wanted->timers->count : -2);
	assert_int_equal(got->tasks, wanted->tasks);
}

static void assert_same(const struct snapshot *got, const struct snapshot *wanted,
			bool identity)
{
	char one[TASK_ID_MAX], other[TASK_ID_MAX];

	assert_int_equal(got->target.pid, 0);
	assert_string_equal(got->target.name, "shop");
	assert_non_null(got->members);
	assert_int_equal(got->nr_members, wanted->nr_members);
	for (size_t i = 0; i < got->nr_members; i++)
		assert_same_member(&got->members[i], &wanted->members[i]);
	assert_int_equal(got->nr_tasks, wanted->nr_tasks);
	for (size_t i = 0; i < wanted->nr_tasks; i++) {
		const struct task *task = &wanted->tasks[i], *found = find(got, task);

		assert_non_null(found);
		assert_true(!identity || found->serial == task->serial);
		assert_int_equal(found->state, task->state);
		assert_string_equal(task_more(found)->process, task_more(task)->process);
		assert_text(task_format_owner(found, one),
			    task_format_owner(task, other));
		assert_text(task_format_parent(found, one),
			    task_format_parent(task, other));
	}
}

static struct rec_reader *open_bytes(const void *bytes, size_t length)
{
	char path[] = "/tmp/test_members-XXXXXX";
	int fd = mkstemp(path);
	struct rec_reader *reader;

	assert_true(fd >= 0);
	unlink(path);
	assert_int_equal(write(fd, bytes, length), length);
	reader = rec_reader_new(fd, intern, stacks, NULL);
	close(fd);
	assert_non_null(reader);
	assert_int_equal(rec_reader_poll(reader, NULL), 0);
	return reader;
}

static void assert_reads(struct rec_reader *reader, size_t at,
			 const struct snapshot *wanted, bool identity)
{
	struct snapshot *got = snapshot_new();

	assert_int_equal(rec_reader_read(reader, at, got, NULL), 0);
	snapshot_count(got);
	assert_same(got, wanted, identity);
	snapshot_unref(got);
}

static void round_trip(void **state)
{
	static const int order[] = {0, 1, 2, 3, 4, 5, 6, 7, 2, 0, 7, 6, 5, 4, 1, 3};
	struct stream *stream = stream_new();
	struct snapshot *samples[SAMPLES];
	struct rec_reader *reader;
	struct buf out;

	buf_init(&out, 0);
	for (int n = 0; n < SAMPLES; n++) {
		samples[n] = make_sample(n);
		assert_int_equal(stream_put(stream, samples[n], &out, NULL), 0);
	}
	reader = open_bytes(out.bytes, out.length);
	assert_int_equal(rec_reader_count(reader), SAMPLES);
	for (size_t i = 0; i < COUNT(order); i++)
		assert_reads(reader, (size_t)order[i], samples[order[i]], true);
	/* Only what has changed is written. */
	assert_contains(out.bytes, "{\"pid\": 42, \"new\": true, ");
	assert_contains(out.bytes, "\"gone_processes\": [40]");
	assert_contains(out.bytes, "[{\"pid\": 40, \"resources\": {");
	rec_reader_free(reader);
	stream_free(stream);
	buf_release(&out);
	for (int n = 0; n < SAMPLES; n++)
		snapshot_unref(samples[n]);
}

/* Nothing has changed, so nothing is written about the processes. */
static void nothing_is_repeated(void **state)
{
	struct stream *stream = stream_new();
	struct snapshot *sample = make_sample(2);
	size_t first;
	struct buf out;

	buf_init(&out, 0);
	assert_int_equal(stream_put(stream, sample, &out, NULL), 0);
	first = out.length;
	assert_int_equal(stream_put(stream, sample, &out, NULL), 0);
	assert_null(strstr(out.bytes + first, "processes"));
	assert_contains(out.bytes + first, "\"tasks\": []");
	snapshot_unref(sample);
	stream_free(stream);
	buf_release(&out);
}

/* A recording that begins while there is no process. */
static void none_is_several_too(void **state)
{
	struct stream *stream = stream_new();
	struct snapshot *sample = make_sample(6);
	struct rec_reader *reader;
	struct buf out;

	buf_init(&out, 0);
	assert_int_equal(stream_put(stream, sample, &out, NULL), 0);
	assert_contains(out.bytes, "\"processes\": []");
	reader = open_bytes(out.bytes, out.length);
	assert_reads(reader, 0, sample, true);
	rec_reader_free(reader);
	snapshot_unref(sample);
	stream_free(stream);
	buf_release(&out);
}

/* A dump has no serials; yet both goroutines 17 are tasks of their own. */
static void a_dump_reads_back(void **state)
{
	struct snapshot *sample = make_sample(3), *got = snapshot_new();
	struct settings settings;
	struct rows_options all = {.class = -1, .sort = {COLUMN_ID, false}};
	struct rows rows;
	struct out_request request = {
		.snapshot = sample, .rows = &rows, .settings = &settings};
	struct rec_reader *reader;
	struct buf out;

	settings_default(&settings);
	rows_init(&rows);
	buf_init(&out, 0);
	assert_int_equal(rows_update(&rows, sample, &all, sample->mono_ns, NULL), 0);
	assert_int_equal(out_by_name("json")->write(&request, &out, NULL), 0);
	reader = open_bytes(out.bytes, out.length);
	assert_int_equal(rec_reader_count(reader), 1);
	assert_reads(reader, 0, sample, false);
	assert_int_equal(rec_reader_read(reader, 0, got, NULL), 0);
	for (size_t i = 0; i < got->nr_tasks; i++)
		for (size_t n = 0; n < i; n++)
			assert_true(got->tasks[i].kind != got->tasks[n].kind ||
				    got->tasks[i].id != got->tasks[n].id ||
				    got->tasks[i].serial != got->tasks[n].serial);
	snapshot_unref(got);
	snapshot_unref(sample);
	rec_reader_free(reader);
	rows_release(&rows);
	buf_release(&out);
}

/* There, "processes" are the others that tasks wait for. */
static void old_recordings_are_read(void **state)
{
	static const char old[] =
		"{\"grmon\": 1, \"stream\": 1}\n"
		"{\"grmon\": 1, \"clock_ns\": 5, \"seq\": 0, \"key\": true, "
		"\"target\": {\"pid\": 7, \"name\": \"a\", \"sources\": []}, "
		"\"processes\": [{\"pid\": 9, \"name\": \"b\", \"complete\": true, "
		"\"tasks\": [{\"id\": \"t9\", \"new\": true, \"tid\": 9}]}], "
		"\"tasks\": [{\"id\": \"t7\", \"new\": true, \"tid\": 7}]}\n"
		"{\"grmon\": 1, \"clock_ns\": 6, \"seq\": 1, \"key\": false, "
		"\"processes\": [], \"tasks\": []}\n";
	struct rec_reader *reader = open_bytes(old, sizeof(old) - 1);
	struct snapshot *got;

	for (size_t at = 0; at < 2; at++) {
		got = snapshot_new();
		assert_int_equal(rec_reader_read(reader, at, got, NULL), 0);
		assert_null(got->members);
		assert_int_equal(got->target.pid, 7);
		assert_int_equal(got->nr_tasks, 1);
		assert_int_equal(got->tasks[0].pid, 0);
		assert_int_equal(got->nr_processes, at == 0 ? 1 : 0);
		snapshot_unref(got);
	}
	rec_reader_free(reader);
}

/* Fields of the wrong type are as if they were absent. */
static void wrong_types(void **state)
{
	static const char wrong[] =
		"{\"grmon\": 1, \"clock_ns\": 5, \"seq\": 0, \"key\": true, "
		"\"processes\": [{\"pid\": 0}, {\"pid\": -4}, {\"pid\": 99999999999}, 5, "
		"null, {\"pid\": 7, \"name\": 4, \"sources\": {}, \"error\": [], "
		"\"resources\": 5, \"start_real_ns\": -1}, {\"pid\": 5}, "
		"{\"pid\": 7, \"runtime\": \"x\"}], \"gone_processes\": [[], 8, \"7\"], "
		"\"tasks\": [{\"id\": \"g1@7\", \"new\": true, \"pid\": \"7\"}, "
		"{\"id\": \"g1@x\", \"new\": true, \"pid\": -7}, "
		"{\"id\": \"t3\", \"new\": true, \"pid\": 8}]}\n";
	struct rec_reader *reader = open_bytes(wrong, sizeof(wrong) - 1);
	struct snapshot *got = snapshot_new();

	assert_int_equal(rec_reader_read(reader, 0, got, NULL), 0);
	assert_int_equal(got->nr_members, 2);
	assert_int_equal(got->members[0].pid, 5);
	assert_int_equal(got->members[1].pid, 7);
	assert_string_equal(got->members[1].name, "");
	assert_string_equal(got->members[1].sources, "");
	assert_string_equal(got->members[1].runtime, "x");
	assert_null(got->members[1].trouble);
	assert_int_equal(got->members[1].start_real_ns, 0);
	assert_int_equal(got->members[1].resources.fds, -1);
	assert_int_equal(got->nr_tasks, 3);
	for (size_t i = 0; i < got->nr_tasks; i++)
		assert_true(got->tasks[i].pid == 0 || got->tasks[i].pid == 8);
	snapshot_unref(got);
	rec_reader_free(reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(round_trip, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_is_repeated, setup, teardown),
		cmocka_unit_test_setup_teardown(none_is_several_too, setup, teardown),
		cmocka_unit_test_setup_teardown(a_dump_reads_back, setup, teardown),
		cmocka_unit_test_setup_teardown(old_recordings_are_read, setup, teardown),
		cmocka_unit_test_setup_teardown(wrong_types, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
