/* SPDX-License-Identifier: MIT */
/*
 * An hour of recording 10,000 tasks, of which 1 % change in a second, as the recorder
 * writes it: how much it writes, what it costs beyond the samples, and how long opening
 * it takes in another process. Then a recording of several days in which all tasks rest.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "out/stream.h"
#include "rec/file.h"
#include "rec/reader.h"

#define TASKS   10000
#define CHANGED (TASKS / 100)
#define SECONDS 3600
#define STACKS  200
#define FRAMES  12

struct target {
	struct intern *intern;
	struct stack_table *table;
	const struct stack *stacks[STACKS];
	int steps[TASKS], changed[TASKS];
};

static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void make_stacks(struct target *target)
{
	char text[64];

	for (int i = 0; i < STACKS; i++) {
		struct frame frames[FRAMES] = {{0}};

		for (int k = 0; k < FRAMES; k++) {
			snprintf(text, sizeof(text), "server_function_%d_%d", i % (k + 3),
				 k);
			frames[k].function =
				intern_text(target->intern, text, strlen(text));
			frames[k].file = intern_text(target->intern, "src/server.c", 12);
			frames[k].line = i + k;
			frames[k].address = 0x400000u + (uint64_t)(i * 100 + k);
		}
		target->stacks[i] = stack_intern(target->table, frames, FRAMES, false);
	}
}

/* Workers that take turns: each waits for its lock, then reads from its socket. */
static struct snapshot *look(struct target *target, int second, int changes)
{
	struct snapshot *s = snapshot_new();

	s->mono_ns = (second + 1) * CLOCK_SECOND_NS;
	s->real_ns = s->mono_ns + 1700000000 * CLOCK_SECOND_NS;
	s->target.pid = 4711;
	s->target.name = "server";
	s->target.sources = "agent";
	s->resources.rss_bytes = (100 << 20) + (changes ? second % 7 * 4096 : 0);
	for (int k = 0; k < changes; k++) {
		int i = (second * changes + k) % TASKS;

		target->steps[i]++;
		target->changed[i] = second;
	}
	for (int i = 0; i < TASKS; i++) {
		struct task *task = snapshot_add(s);
		bool locked = target->steps[i] % 2;

		task->id = (uint64_t)(1000 + i);
		task->tid = 1000 + i;
		task->serial = (uint64_t)i;
		task->name = "worker";
		task->state = locked ? STATE_MUTEX : STATE_IO_READ;
		task->since_ns = target->changed[i] * CLOCK_SECOND_NS + 123456789;
		task->start_ns = 123456789 + i;
		task->flags = TASK_AGE_EXACT;
		task->switches = (uint64_t)target->steps[i];
		task->cpu_percent = 0;
		task->stack = target->stacks[(i + target->steps[i]) % STACKS];
		task->created_by = target->stacks[i % 10];
		task->waits.kind = locked ? "mutex" : "fd";
		task->waits.text = locked ? "held by t1004" : "fd 5 socket";
		task->waits.owner_tid = locked ? 1004 : 0;
		task->waits.address = locked ? 0x7f0000001000u + (uint64_t)i * 64 : 0;
	}
	snapshot_count(s);
	return s;
}

/* Returns the CPU seconds of the recorder; *bytes becomes the size of the file. */
static double record(struct target *target, const char *path, int changes, int64_t *bytes)
{
	struct rec_file file = {.path = path, .fd = -1};
	struct stream *stream = stream_new();
	struct err e = {0};
	struct buf lines;
	double spent = 0;
	bool rotated;

	buf_init(&lines, 0);
	if (!stream || rec_file_open(&file, &e) != 0)
		exit(1);
	for (int second = 0; second < SECONDS; second++) {
		struct snapshot *s = look(target, second, changes);
		double begin = cpu_seconds();

		if (rec_file_rotate(&file, &rotated, &e) != 0 ||
		    stream_put(stream, s, &lines, &e) != 0 ||
		    rec_file_write(&file, &lines, &e) != 0) {
			fprintf(stderr, "%s\n", e.text);
			exit(1);
		}
		spent += cpu_seconds() - begin;
		snapshot_unref(s);
	}
	*bytes = file.bytes;
	rec_file_close(&file, &e);
	stream_free(stream);
	buf_release(&lines);
	return spent;
}

/* What the view does before it can draw first: find all samples, and read the last
 * one. */
static int open_recording(const char *path)
{
	struct intern *intern = intern_new(32u << 20);
	struct stack_table *stacks = stack_table_new(16384);
	double begin = (double)clock_mono_ns() / 1e9;
	struct rec_reader *reader = rec_reader_open(path, intern, stacks, NULL);
	struct snapshot *s = snapshot_new();
	struct rusage usage;
	double middle, end;

	if (!reader || rec_reader_poll(reader, NULL) != 0 ||
	    rec_reader_count(reader) != SECONDS ||
	    rec_reader_read(reader, SECONDS - 1, s, NULL) != 0 || s->nr_tasks != TASKS)
		return 1;
	end = (double)clock_mono_ns() / 1e9;
	getrusage(RUSAGE_SELF, &usage);
	printf("open an hour of that\t%.2f\ts\t1\n", end - begin);
	printf("open an hour of that: resident\t%.0f\tMB\t200\n",
	       (double)usage.ru_maxrss / 1024);
	snapshot_unref(s);
	s = snapshot_new();
	if (rec_reader_read(reader, SECONDS / 2, s, NULL) != 0)
		return 1;
	middle = (double)clock_mono_ns() / 1e9;
	printf("jump to its middle\t%.2f\ts\t\n", middle - end);
	fflush(stdout);
	return 0;
}

static int in_own_process(const char *program, const char *path)
{
	pid_t child = fork();
	int status = 1;

	if (child == 0) {
		execl(program, program, path, (char *)NULL);
		_exit(127);
	}
	return waitpid(child, &status, 0) == child ? status : 1;
}

int main(int argc, char **argv)
{
	static struct target target;
	char path[] = "/tmp/grmon-bench-XXXXXX";
	double spent;
	int64_t bytes;
	int fd, failed;

	if (argc > 1)
		return open_recording(argv[1]);
	fd = mkstemp(path);
	target.intern = intern_new(32u << 20);
	target.table = stack_table_new(16384);
	if (fd < 0 || !target.intern || !target.table)
		return 1;
	close(fd);
	make_stacks(&target);
	spent = record(&target, path, CHANGED, &bytes);
	printf("recording 10,000 tasks, 1 %% changing a second\t%.1f\tKB/s\t40\n",
	       (double)bytes / 1000 / SECONDS);
	printf("recording them: CPU beyond the looks\t%.2f\t%%\t3\n",
	       spent / SECONDS * 100);
	fflush(stdout);
	failed = in_own_process("/proc/self/exe", path);
	unlink(path);
	record(&target, path, 0, &bytes);
	printf("recording 10,000 tasks at rest\t%.1f\tMB/d\t\n",
	       (double)bytes / 1e6 / SECONDS * 86400);
	unlink(path);
	return failed != 0;
}
