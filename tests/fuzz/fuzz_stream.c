/* SPDX-License-Identifier: MIT */
/* Recordings and dumps of arbitrary bytes: every snapshot is complete in whatever order
 * they are read, and a reader that follows the file sees the same as one that opens it
 * later. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/when.h"
#include "core/graph.h"
#include "rec/decode.h"
#include "rec/reader.h"

#define READ_MAX 64u

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(int holds)
{
	if (!holds)
		abort();
}

static void check_task(const struct task *task)
{
	require(task->name && task->state < STATE_COUNT && task->kind <= TASK_COROUTINE);
	require(!task->waits.kind || task->waits.text);
	require(task->nr_labels <= SNAPSHOT_LABELS_MAX);
	for (size_t i = 0; i < task->nr_labels; i++)
		require(task->labels[i].key && task->labels[i].text);
	require(!task->stack || task->stack->nr_frames <= SNAPSHOT_FRAMES_MAX);
	require(task->start_ns >= 0 && task->tid >= 0 && task->waits.fd >= -1);
	for (size_t i = 0;
	     wait_more(task)->actors && i < wait_more(task)->actors->nr_pids; i++)
		require(wait_more(task)->actors->pids[i] > 0);
}

static void check_members(const struct snapshot *got)
{
	require(got->nr_members <= REC_MEMBERS_MAX && (got->members || !got->nr_members));
	for (size_t i = 0; i < got->nr_members; i++) {
		const struct member_process *member = &got->members[i];

		require(member->pid > (i > 0 ? got->members[i - 1].pid : 0));
		require(member->name && member->sources && member->start_real_ns >= 0);
		require(snapshot_member(got, member->pid) == member);
	}
	for (size_t i = 0; i < got->nr_tasks; i++) {
		const struct task *task = &got->tasks[i];

		require(task->pid >= 0 && !task_more(task)->process == !got->nr_members);
	}
}

static size_t read_at(struct rec_reader *reader, size_t at)
{
	struct snapshot *got = snapshot_new();
	size_t tasks;
	int rc = got ? rec_reader_read(reader, at, got, NULL) : ERR_NOMEM;

	/* Nothing in it is readable. */
	require(rc == 0 || rc == ERR_FORMAT);
	for (size_t i = 0; i < got->nr_tasks; i++)
		check_task(&got->tasks[i]);
	check_members(got);
	for (size_t i = 0; i < got->nr_others; i++) {
		check_task(&got->others[i].task);
		require(got->others[i].process->name != NULL);
	}
	snapshot_count(got);
	require(graph_build(got, NULL) == 0);
	tasks = got->nr_tasks;
	snapshot_unref(got);
	return tasks;
}

/* The first part, then the rest, must give the same snapshots as the whole at once. */
static size_t follow(int fd, const uint8_t *bytes, size_t size, struct intern *intern,
		     struct stack_table *stacks, size_t tasks[READ_MAX])
{
	size_t cut = size / 2, count;
	struct rec_reader *reader;

	require(write(fd, bytes, cut) == (ssize_t)cut);
	reader = rec_reader_new(fd, intern, stacks, NULL);
	require(reader && rec_reader_poll(reader, NULL) == 0);
	if (rec_reader_count(reader) > 0)
		read_at(reader, rec_reader_count(reader) - 1);
	require(write(fd, bytes + cut, size - cut) == (ssize_t)(size - cut));
	require(rec_reader_poll(reader, NULL) == 0);
	count = rec_reader_count(reader);
	for (size_t at = 0; at < count && at < READ_MAX; at++)
		tasks[at] = read_at(reader, at);
	rec_reader_free(reader);
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct intern *intern = intern_new(1 << 20);
	struct stack_table *stacks = stack_table_new(4096);
	int fd = memfd_create("stream", MFD_CLOEXEC), piece = dup(fd);
	struct when_range range = {0, 1000000000000, 5000000000};
	size_t tasks[READ_MAX], followed, count;
	struct rec_reader *reader;
	char text[64] = "";
	int64_t ns;

	require(intern && stacks && fd >= 0);
	followed = follow(fd, bytes, size, intern, stacks, tasks);
	reader = rec_reader_new(piece, intern, stacks, NULL);
	require(reader && rec_reader_poll(reader, NULL) == 0);
	count = rec_reader_count(reader);
	/* A dump that was cut is not a dump; half of one may be a stream of one line. */
	if (count == followed)
		for (size_t at = count < READ_MAX ? count : READ_MAX; at-- > 0;)
			read_at(reader, at);
	for (size_t i = 0; i < count && i < READ_MAX; i++)
		require(rec_reader_time(reader, i) >= 0);
	if (count > 0)
		require(rec_reader_find(reader, (int64_t)size) < count);
	rec_reader_free(reader);
	memcpy(text, bytes, size < sizeof(text) - 1 ? size : sizeof(text) - 1);
	when_parse(text, &range, &ns, NULL);
	close(fd);
	close(piece);
	stack_table_free(stacks);
	intern_free(intern);
	return 0;
}
