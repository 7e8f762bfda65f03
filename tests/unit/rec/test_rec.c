/* SPDX-License-Identifier: MIT */
/* What is written reads back the same. Whatever happens to the file, its complete parts
 * are shown. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "out/stream.h"
#include "rec/reader.h"

#define SAMPLES 6

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

static const struct stack *make_stack(const char *function)
{
	struct frame frames[] = {
		{.function = intern_text(intern, function, strlen(function)),
		 .address = 64},
		{.function = intern_text(intern, "main", 4),
		 .file = intern_text(intern, "main.c", 6),
		 .line = 7},
	};

	return stack_intern(stacks, frames, 2, false);
}

/* Sample n: task 1 stays, task 2 changes, task 10 + n is new and the one before is gone. */
static struct snapshot *make_sample(int n)
{
	struct task_more *more;
	static const struct label labels[] = {{"request", "/a\"b"}};
	struct snapshot *snapshot = snapshot_new();
	struct timers *timers;
	const struct stack *family[2];
	struct task *task;
	uint64_t *ids;

	snapshot->mono_ns = (n + 1) * CLOCK_SECOND_NS;
	snapshot->real_ns = (n + 1000) * CLOCK_SECOND_NS;
	snapshot->target.pid = 4711;
	snapshot->target.name = "server";
	snapshot->target.sources = "agent, native";
	snapshot->resources.fds = 5;
	for (int kind = 0; kind < FD_KIND_COUNT; kind++)
		snapshot->resources.by_kind[kind] = kind == FD_PIPE ? 3 : 0;
	snapshot->resources.limits[LIMIT_FDS] = (struct limit){5, 64};
	timers = arena_alloc(&snapshot->arena, sizeof(*timers));
	*timers = (struct timers){.count = 9,
				  .tickers = 7,
				  .read_ns = (n / 10 * 10 + 1) * CLOCK_SECOND_NS,
				  .waited = true,
				  .others = 2,
				  .nr_groups = 1};
	timers->groups[0] = (struct timer_group){.callback = "time.sendTime",
						 .function = "",
						 .period_ns = 5,
						 .count = 7,
						 .full = 3,
						 .stayed = 6,
						 .next_ns = (n + 30) * CLOCK_SECOND_NS};
	snapshot->timers = timers;
	task = snapshot_add(snapshot);
	*task = (struct task){.id = 1,
			      .state = STATE_MUTEX,
			      .flags = TASK_STUCK | TASK_AGE_EXACT,
			      .tid = 1,
			      .since_ns = 5,
			      .name = "worker",
			      .waits = {.kind = "mutex",
					.address = 0xabc,
					.text = "held by t2",
					.fd = -1,
					.owner_tid = 2},
			      .stack = make_stack("lock"),
			      .created_by = make_stack("start"),
			      .labels = labels,
			      .nr_labels = 1,
			      .cpu_percent = -1};
	task = snapshot_add(snapshot);
	task->id = 2;
	task->state = n % 2 ? STATE_CHAN_SEND : STATE_RUNNING;
	task->stack = n % 2 ? make_stack("send") : NULL;
	task->switches = (uint64_t)n;
	task = snapshot_add(snapshot);
	task->kind = TASK_GOROUTINE;
	task->id = (uint64_t)(10 + n);
	task->state = STATE_SELECT;
	task->creator_id = 7;
	task->created_by = family[0] = make_stack("go");
	family[1] = make_stack("serve");
	more = task_edit(task, &snapshot->arena);
	more->ancestry = stack_intern_ancestry(stacks, family, 2);
	ids = arena_alloc(&snapshot->arena, 2 * sizeof(*ids));
	assert_non_null(ids);
	ids[0] = 7;
	ids[1] = n % 2 ? 0 : 3;
	more->ancestor_ids = ids;
	task->waits.kind = "mutex";
	task->waits.text = "held by g7";
	waits_edit(&task->waits, &snapshot->arena)->owner_goid = 7;
	return snapshot;
}

static const struct task *find(const struct snapshot *snapshot, enum task_kind kind,
			       uint64_t id)
{
	for (size_t i = 0; i < snapshot->nr_tasks; i++)
		if (snapshot->tasks[i].kind == kind && snapshot->tasks[i].id == id)
			return &snapshot->tasks[i];
	return NULL;
}

static void assert_timers(const struct timers *timers, int n)
{
	assert_non_null(timers);
	assert_int_equal(timers->count, 9);
	assert_int_equal(timers->tickers, 7);
	assert_int_equal(timers->others, 2);
	assert_int_equal(timers->read_ns, (n / 10 * 10 + 1) * CLOCK_SECOND_NS);
	assert_true(timers->waited && !timers->partial);
	assert_int_equal(timers->nr_groups, 1);
	assert_string_equal(timers->groups[0].callback, "time.sendTime");
	assert_string_equal(timers->groups[0].function, "");
	assert_int_equal(timers->groups[0].period_ns, 5);
	assert_int_equal(timers->groups[0].count, 7);
	assert_int_equal(timers->groups[0].full, 3);
	assert_int_equal(timers->groups[0].stayed, 6);
	assert_int_equal(timers->groups[0].next_ns, (n + 30) * CLOCK_SECOND_NS);
}

static void assert_sample(const struct snapshot *got, int n)
{
	const struct task *task = find(got, TASK_THREAD, 1);

	assert_int_equal(got->nr_tasks, 3);
	assert_int_equal(got->mono_ns, (n + 1) * CLOCK_SECOND_NS);
	assert_int_equal(got->real_ns, (n + 1000) * CLOCK_SECOND_NS);
	assert_int_equal(got->target.pid, 4711);
	assert_string_equal(got->target.sources, "agent, native");
	assert_int_equal(got->resources.fds, 5);
	assert_int_equal(got->resources.by_kind[FD_PIPE], 3);
	assert_int_equal(got->resources.by_kind[FD_SOCKET], 0);
	assert_int_equal(got->resources.by_socket[SOCKET_UDP], -1);
	assert_int_equal(got->resources.limits[LIMIT_FDS].most, 64);
	assert_int_equal(got->resources.limits[LIMIT_MEMORY].most, -1);
	assert_int_equal(got->resources.rss_bytes, -1);
	assert_timers(got->timers, n);
	assert_non_null(task);
	assert_int_equal(task->state, STATE_MUTEX);
	assert_int_equal(task->flags, TASK_STUCK | TASK_AGE_EXACT);
	assert_int_equal(task->since_ns, 5);
	assert_string_equal(task->name, "worker");
	assert_string_equal(task->waits.kind, "mutex");
	assert_string_equal(task->waits.text, "held by t2");
	assert_int_equal(task->waits.address, 0xabc);
	assert_int_equal(task->waits.owner_tid, 2);
	assert_int_equal(task->waits.fd, -1);
	const struct task *goroutine = find(got, TASK_GOROUTINE, (uint64_t)(10 + n));

	assert_non_null(goroutine);
	assert_int_equal(goroutine->creator_id, 7);
	assert_ptr_equal(goroutine->created_by, make_stack("go"));
	assert_non_null(task_more(goroutine)->ancestry);
	assert_int_equal(task_more(goroutine)->ancestry->nr, 2);
	assert_ptr_equal(task_more(goroutine)->ancestry->stacks[1], make_stack("serve"));
	assert_int_equal(task_more(goroutine)->ancestor_ids[0], 7);
	assert_int_equal(task_more(goroutine)->ancestor_ids[1], n % 2 ? 0 : 3);
	assert_null(task_more(task)->ancestry);
	assert_int_equal(wait_more(goroutine)->owner_goid, 7);
	assert_int_equal(goroutine->waits.owner_tid, 0);
	/* One session: equal stacks are the same stack. */
	assert_ptr_equal(task->stack, make_stack("lock"));
	assert_ptr_equal(task->created_by, make_stack("start"));
	assert_int_equal(task->nr_labels, 1);
	assert_string_equal(task->labels[0].text, "/a\"b");
	assert_true(task->cpu_percent < 0);
	task = find(got, TASK_THREAD, 2);
	assert_non_null(task);
	assert_int_equal(task->state, n % 2 ? STATE_CHAN_SEND : STATE_RUNNING);
	assert_ptr_equal(task->stack, n % 2 ? make_stack("send") : NULL);
	assert_int_equal(task->switches, n);
	assert_non_null(find(got, TASK_GOROUTINE, (uint64_t)(10 + n)));
}

static void write_stream(struct buf *out)
{
	struct stream *stream = stream_new();

	buf_init(out, 0);
	for (int n = 0; n < SAMPLES; n++) {
		struct snapshot *sample = make_sample(n);

		assert_int_equal(stream_put(stream, sample, out, NULL), 0);
		snapshot_unref(sample);
	}
	stream_free(stream);
}

static struct rec_reader *open_bytes(const void *bytes, size_t length)
{
	char path[] = "/tmp/test_rec-XXXXXX";
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

static struct snapshot *read_at(struct rec_reader *reader, size_t at)
{
	struct snapshot *got = snapshot_new();

	assert_int_equal(rec_reader_read(reader, at, got, NULL), 0);
	return got;
}

static void test_round_trip(void **state)
{
	static const int order[] = {0, 1, 2, 3, 4, 5, 2, 0, 5, 4, 1, 3};
	struct rec_reader *reader;
	struct buf stream;

	write_stream(&stream);
	reader = open_bytes(stream.bytes, stream.length);
	assert_int_equal(rec_reader_count(reader), SAMPLES);
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		struct snapshot *got = read_at(reader, (size_t)order[i]);

		assert_sample(got, order[i]);
		snapshot_unref(got);
	}
	assert_int_equal(rec_reader_find(reader, 1003 * CLOCK_SECOND_NS), 3);
	assert_int_equal(rec_reader_find(reader, 1003 * CLOCK_SECOND_NS - 1), 2);
	assert_int_equal(rec_reader_find(reader, 1), 0);
	rec_reader_free(reader);
	buf_release(&stream);
}

/* Cut anywhere, every whole line counts, and no other. */
static void test_cut_at_every_byte(void **state)
{
	struct buf stream;

	write_stream(&stream);
	for (size_t cut = 0; cut <= stream.length; cut++) {
		struct rec_reader *reader = open_bytes(stream.bytes, cut);
		size_t lines = 0, count = rec_reader_count(reader);

		for (size_t i = 0; i < cut; i++)
			lines += stream.bytes[i] == '\n';
		assert_int_equal(count, lines > 0 ? lines - 1 : 0);
		if (count > 0) {
			struct snapshot *got = read_at(reader, count - 1);

			assert_sample(got, (int)count - 1);
			snapshot_unref(got);
		}
		rec_reader_free(reader);
	}
	buf_release(&stream);
}

/* A recorder that was killed in a line and started again on the same file. */
static void test_goes_on_behind_a_cut(void **state)
{
	struct buf stream, both;
	struct rec_reader *reader;
	struct snapshot *got;

	write_stream(&stream);
	buf_init(&both, 0);
	buf_append(&both, stream.bytes, stream.length - 20);
	buf_puts(&both, "\n\n[1, 2\n{\"grmon\": 7, \"clock_ns\": []}\n\xff\xfe\n");
	buf_append(&both, stream.bytes, stream.length);
	reader = open_bytes(both.bytes, both.length);
	assert_true(rec_reader_count(reader) > SAMPLES);
	got = read_at(reader, rec_reader_count(reader) - 1);
	assert_sample(got, SAMPLES - 1);
	snapshot_unref(got);
	rec_reader_free(reader);
	buf_release(&both);
	buf_release(&stream);
}

/* A line is missing: the snapshot before it stays, and says so, until the next key. */
static void test_gap_waits_for_a_key(void **state)
{
	struct buf stream, holed;
	struct rec_reader *reader;
	struct snapshot *got;
	char *at, *end;

	write_stream(&stream);
	at = strstr(stream.bytes, "\"seq\": 2,");
	while (at[-1] != '\n')
		at--;
	end = strchr(at, '\n') + 1;
	buf_init(&holed, 0);
	buf_append(&holed, stream.bytes, (size_t)(at - stream.bytes));
	buf_puts(&holed, end);
	reader = open_bytes(holed.bytes, holed.length);
	got = read_at(reader, rec_reader_count(reader) - 1);
	assert_int_equal(got->mono_ns, 2 * CLOCK_SECOND_NS);
	assert_int_equal(got->nr_notes, 1);
	snapshot_unref(got);
	rec_reader_free(reader);
	buf_release(&holed);
	buf_release(&stream);
}

/* Every field with a wrong type, and unknown fields. */
static void test_wrong_types(void **state)
{
	static const char text[] = "{\"grmon\": 1, \"stream\": 1}\n"
				   "{\"grmon\": 1, \"real_ns\": -5, \"clock_ns\": -9, "
				   "\"seq\": [], \"key\": true, "
				   "\"target\": 7, \"resources\": \"x\", \"errors\": "
				   "{\"a\": 1}, \"gone\": [3, "
				   "null], \"stacks\": {\"x\": 1, \"-1\": [], "
				   "\"99999999\": [{}], \"0\": [3, "
				   "{\"line\": 1e9}]}, \"what\": 1, \"tasks\": [4, "
				   "{\"id\": 5}, {\"id\": \"\"}, "
				   "{\"id\": \"t\"}, {\"id\": \"t1\", \"state\": 1, "
				   "\"tid\": \"x\", \"name\": [], "
				   "\"stack\": -1, \"created_by\": 99999999, \"labels\": "
				   "[1], \"waits_on\": 3, "
				   "\"cpu_percent\": \"x\", \"since_ns\": {}}]}\n";
	struct rec_reader *reader = open_bytes(text, sizeof(text) - 1);
	struct snapshot *got = read_at(reader, 0);

	assert_int_equal(got->nr_tasks, 1);
	assert_int_equal(got->tasks[0].state, STATE_UNKNOWN);
	assert_string_equal(got->tasks[0].name, "");
	assert_null(got->tasks[0].waits.kind);
	assert_int_equal(got->real_ns, 0);
	snapshot_unref(got);
	rec_reader_free(reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cut_at_every_byte, setup, teardown),
		cmocka_unit_test_setup_teardown(test_goes_on_behind_a_cut, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_gap_waits_for_a_key, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_wrong_types, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
