/* SPDX-License-Identifier: MIT */
/* Recordings in many files, followed while they rotate; times as users write them. */
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/when.h"
#include "core/graph.h"
#include "out/stream.h"
#include "rec/file.h"
#include "rec/reader.h"

struct bench {
	struct intern *intern;
	struct stack_table *stacks;
	char folder[64], path[96];
	struct rec_file file;
	struct stream *stream;
	struct buf lines;
	int written;
};

static int setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	strcpy(b->folder, "/tmp/test_rec_files-XXXXXX");
	b->intern = intern_new(1 << 20);
	b->stacks = stack_table_new(1000);
	b->stream = stream_new();
	if (!mkdtemp(b->folder))
		return -1;
	snprintf(b->path, sizeof(b->path), "%s/file", b->folder);
	b->file = (struct rec_file){
		.path = b->path, .rotate_bytes = 1500, .keep = 20, .fd = -1};
	buf_init(&b->lines, 0);
	*state = b;
	return rec_file_open(&b->file, NULL);
}

static int teardown(void **state)
{
	struct bench *b = *state;
	char path[128];

	rec_file_close(&b->file, NULL);
	unlink(b->path);
	for (int i = 1; i <= 99; i++) {
		snprintf(path, sizeof(path), "%s.%d", b->path, i);
		unlink(path);
	}
	rmdir(b->folder);
	stream_free(b->stream);
	buf_release(&b->lines);
	stack_table_free(b->stacks);
	intern_free(b->intern);
	free(b);
	return 0;
}

/* One a second; the number of tasks is that of the sample. */
static void write_samples(struct bench *b, int count)
{
	for (int i = 0; i < count; i++, b->written++) {
		struct snapshot *s = snapshot_new();
		bool rotated;

		s->mono_ns = s->real_ns = (b->written + 1) * SECOND;
		s->target.name = "server";
		s->target.sources = "native";
		for (int n = 0; n <= b->written % 7; n++)
			snapshot_add(s)->id = (uint64_t)(n + 1);
		assert_int_equal(rec_file_rotate(&b->file, &rotated, NULL), 0);
		if (rotated)
			stream_restart(b->stream);
		assert_int_equal(stream_put(b->stream, s, &b->lines, NULL), 0);
		assert_int_equal(rec_file_write(&b->file, &b->lines, NULL), 0);
		snapshot_unref(s);
	}
}

static void assert_all(struct rec_reader *reader, int first, int count)
{
	assert_int_equal(rec_reader_poll(reader, NULL), 0);
	assert_int_equal(rec_reader_count(reader), count);
	for (int i = 0; i < count; i++) {
		struct snapshot *s = snapshot_new();

		assert_int_equal(rec_reader_read(reader, (size_t)i, s, NULL), 0);
		assert_int_equal(s->mono_ns, (first + i + 1) * SECOND);
		assert_int_equal(s->nr_tasks, (first + i) % 7 + 1);
		assert_int_equal(s->nr_notes, 0);
		assert_int_equal(rec_reader_time(reader, (size_t)i), s->real_ns);
		assert_int_equal(rec_reader_find(reader, s->real_ns), i);
		snapshot_unref(s);
	}
}

static struct rec_reader *open_files(struct bench *b)
{
	struct rec_reader *reader = rec_reader_open(b->path, b->intern, b->stacks, NULL);

	assert_non_null(reader);
	return reader;
}

static void test_files_are_one(void **state)
{
	struct bench *b = *state;
	struct rec_reader *reader;
	char path[128];

	write_samples(b, 60);
	snprintf(path, sizeof(path), "%s.3", b->path);
	assert_int_equal(access(path, R_OK), 0);
	reader = open_files(b);
	assert_all(reader, 0, 60);
	rec_reader_free(reader);
}

/* It sees every sample once, however many files have rotated since it last read. */
static void test_follows_while_they_turn(void **state)
{
	struct bench *b = *state;
	struct rec_reader *reader;

	write_samples(b, 3);
	reader = open_files(b);
	assert_all(reader, 0, 3);
	for (int step = 1; step < 12; step++) {
		write_samples(b, step * 2);
		assert_all(reader, 0, b->written);
	}
	rec_reader_free(reader);
}

/* The oldest files are deleted in the meantime: an open one is still read. */
static void test_keeps_what_is_deleted(void **state)
{
	struct bench *b = *state;
	struct rec_reader *reader, *late;
	size_t count;

	b->file.keep = 2;
	write_samples(b, 10);
	reader = open_files(b);
	assert_all(reader, 0, 10);
	for (int i = 0; i < 30; i++) {
		write_samples(b, 2);
		assert_int_equal(rec_reader_poll(reader, NULL), 0);
	}
	assert_all(reader, 0, b->written);
	late = open_files(b);
	assert_int_equal(rec_reader_poll(late, NULL), 0);
	count = rec_reader_count(late);
	assert_in_range(count, 3, 40);
	assert_all(late, b->written - (int)count, (int)count);
	rec_reader_free(late);
	rec_reader_free(reader);
}

static bool has_number(const struct bench *b, int number)
{
	char path[128];

	snprintf(path, sizeof(path), "%s.%d", b->path, number);
	return access(path, F_OK) == 0;
}

static void test_killed_amid_renames(void **state)
{
	struct bench *b = *state;
	char from[128], to[128];
	struct rec_reader *reader;
	int last = 1;

	write_samples(b, 60);
	while (has_number(b, last + 1))
		last++;
	assert_true(last >= 5);
	for (int i = last; i >= 3; i--) {
		snprintf(from, sizeof(from), "%s.%d", b->path, i);
		snprintf(to, sizeof(to), "%s.%d", b->path, i + 1);
		assert_int_equal(rename(from, to), 0);
	}
	reader = open_files(b);
	assert_all(reader, 0, 60);
	rec_reader_free(reader);
	/* The next rotation closes the gap and makes no new one. */
	while (!has_number(b, 3))
		write_samples(b, 1);
	assert_false(has_number(b, last + 2));
	write_samples(b, 20);
	for (int i = 1; i <= last + 2; i++)
		assert_true(has_number(b, i));
	reader = open_files(b);
	assert_all(reader, 0, b->written);
	rec_reader_free(reader);
}

/* A file with such a name that is not a recording ends the sequence. */
static void test_foreign_files(void **state)
{
	struct bench *b = *state;
	struct rec_reader *reader;
	char path[128];
	int fd;

	b->file.rotate_bytes = 0;
	write_samples(b, 5);
	snprintf(path, sizeof(path), "%s.1", b->path);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, "something else\n", 15), 15);
	close(fd);
	reader = open_files(b);
	assert_all(reader, 0, 5);
	rec_reader_free(reader);
	assert_null(rec_reader_open("/nonexistent/file", b->intern, b->stacks, NULL));
}

/* Waits that lead to another process, and cut and inlined stacks. */
static void test_other_processes(void **state)
{
	struct bench *b = *state;
	struct frame frame = {.function = intern_text(b->intern, "f", 1),
			      .inlined = true,
			      .library = true};
	struct wait_actors *actors = calloc(1, sizeof(*actors) + sizeof(pid_t));
	struct other_process process = {77, "reader", true};
	struct other_task other = {
		.process = &process,
		.task = {.id = 78, .tid = 78, .name = "thread", .state = STATE_IO_READ}};
	struct snapshot *s = snapshot_new(), *got = snapshot_new();
	struct wait_more more;
	struct rec_reader *reader;
	struct task *task = snapshot_add(s);

	actors->how = "pipe";
	actors->complete = true;
	actors->nr_pids = 1;
	actors->pids[0] = 77;
	more = (struct wait_more){.owner_pid = 77, .actors = actors};
	other.task.waits = (struct waits_on){.kind = "fd", .text = "pipe", .fd = 4};
	*task = (struct task){.id = 5,
			      .tid = 5,
			      .name = "",
			      .state = STATE_IO_WRITE,
			      .creator_id = 3,
			      .flags = TASK_UNREACHABLE,
			      .stack = stack_intern(b->stacks, &frame, 1, true)};
	task->waits = (struct waits_on){
		.kind = "fd", .text = "pipe to reader", .fd = 6, .more = &more};
	s->mono_ns = s->real_ns = SECOND;
	s->target.name = s->target.sources = "x";
	s->processes = &process;
	s->others = &other;
	s->nr_processes = s->nr_others = 1;
	assert_int_equal(stream_put(b->stream, s, &b->lines, NULL), 0);
	assert_int_equal(stream_put(b->stream, s, &b->lines, NULL), 0);
	assert_int_equal(rec_file_write(&b->file, &b->lines, NULL), 0);
	reader = open_files(b);
	assert_int_equal(rec_reader_poll(reader, NULL), 0);
	assert_int_equal(rec_reader_read(reader, 1, got, NULL), 0);
	task = &got->tasks[0];
	assert_int_equal(task->creator_id, 3);
	assert_int_equal(task->flags, TASK_UNREACHABLE);
	assert_ptr_equal(task->stack, s->tasks[0].stack);
	assert_true(task->stack->truncated && task->stack->frames[0].inlined &&
		    task->stack->frames[0].library);
	assert_non_null(wait_more(task)->actors);
	assert_true(wait_more(task)->actors->complete);
	assert_string_equal(wait_more(task)->actors->how, "pipe");
	assert_int_equal(wait_more(task)->actors->pids[0], 77);
	assert_int_equal(got->nr_others, 1);
	assert_string_equal(got->others[0].process->name, "reader");
	assert_int_equal(got->others[0].task.tid, 78);
	assert_int_equal(got->others[0].task.waits.fd, 4);
	rec_reader_free(reader);
	snapshot_unref(got);
	/* They are not of its arena. */
	s->nr_processes = s->nr_others = 0;
	snapshot_unref(s);
	free(actors);
}

/* What no reader would take is not written, and what follows is. */
static void test_too_long(void **state)
{
	static char million[1 << 20];
	struct bench *b = *state;
	struct rec_reader *reader;
	struct err e = {0};

	memset(million, ' ', sizeof(million) - 1);
	write_samples(b, 1);
	for (size_t i = 0; i <= (REC_LINE_MAX_BYTES >> 20) + 1; i++)
		buf_puts(&b->lines, million);
	buf_puts(&b->lines, "\n");
	assert_int_equal(rec_file_write(&b->file, &b->lines, &e), ERR_UNSUPPORTED);
	assert_non_null(strstr(e.text, "a sample of 257 MB is too large"));
	assert_non_null(strstr(e.text, "which takes 256 MB"));
	stream_restart(b->stream);
	write_samples(b, 2);
	reader = open_files(b);
	assert_all(reader, 0, 3);
	rec_reader_free(reader);
	/* Many lines may be longer together. */
	for (size_t i = 0; i <= (REC_LINE_MAX_BYTES >> 20) + 1; i++) {
		buf_puts(&b->lines, million);
		buf_puts(&b->lines, "\n");
	}
	assert_int_equal(rec_file_write(&b->file, &b->lines, &e), 0);
}

static void test_when(void **state)
{
	/* 2023-11-14 22:13:20 to 23:13:20 UTC */
	static const struct when_range range = {1700000000 * SECOND, 1700003600 * SECOND,
						1700001800 * SECOND};
	static const struct {
		const char *text;
		int64_t ns; /* from the beginning of the recording; -1: wrong */
	} cases[] = {
		{"start", 0},
		{"end", 3600 * SECOND},
		{"+5m", 2100 * SECOND},
		{"-30s", 1770 * SECOND},
		{"22:13:21", 2 * SECOND - 1},
		{" 22:13:21.5Z", SECOND + 6 * SECOND / 10 - 1},
		{"22:14", 41 * SECOND - 1},
		{"2023-11-14T22:13:25Z", 6 * SECOND - 1},
		{"2023-11-14 22:13:25.123456789", 5123456789},
		{"2023-11-14T22:13:25.1234567891", 5123456789},
		{"23:59:59", 6400 * SECOND - 1}, /* beyond its end: of that day */
		{"2023-11-14T", -1},
		{"2023-02-31", -1},
		{"2023-02-31T10:00", -1},
		{"yesterday", -1},
		{"10:04x", -1},
		{"+5q", -1},
		{"", -1},
		{"99:99", -1},
	};
	int64_t ns;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int rc = when_parse(cases[i].text, &range, &ns, NULL);

		assert_int_equal(rc, cases[i].ns < 0 ? ERR_USAGE : 0);
		if (rc == 0)
			assert_int_equal(ns - range.first_ns, cases[i].ns);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_files_are_one, setup, teardown),
		cmocka_unit_test_setup_teardown(test_follows_while_they_turn, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_keeps_what_is_deleted, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_killed_amid_renames, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_foreign_files, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_processes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_long, setup, teardown),
		cmocka_unit_test(test_when),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
