/* SPDX-License-Identifier: MIT */
/* For the tests of sources: real processes that are forked from the test and killed with
 * it, and one sample of them by a source. */
#ifndef TESTS_UNIT_SOURCE_CHILD_H
#define TESTS_UNIT_SOURCE_CHILD_H

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "core/track.h"
#include "source/source.h"

#include "../sanitized.h"

#define WAIT_LIMIT_NS (20 * CLOCK_SECOND_NS)

/* For tests that know how many threads a child has: the thread sanitizer adds one. */
#define THREADS_ARE_COUNTED                                                              \
	if (SANITIZED_THREADS)                                                           \
	skip()

/* body runs in the child until it is killed; it should only block. */
static inline pid_t child_start(void (*body)(void *arg), void *arg)
{
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	body(arg);
	_exit(0);
}

static inline void child_stop(pid_t pid)
{
	if (pid <= 0)
		return;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

struct looker {
	const struct source_ops *source;
	struct source_target target;
	void *ctx;
	struct snapshot *snapshot;
	struct err e;
};

static inline int looker_open(struct looker *looker, const struct source_ops *source,
			      pid_t pid)
{
	memset(looker, 0, sizeof(*looker));
	looker->source = source;
	looker->target.pid = pid;
	looker->target.text = "test";
	looker->target.intern = intern_new(16u << 20);
	looker->target.stacks = stack_table_new(10000);
	looker->ctx = calloc(1, source->ctx_size);
	err_clear(&looker->e);
	return source->open(looker->ctx, &looker->target, &looker->e);
}

static inline int looker_look(struct looker *looker, const struct source_focus *focus)
{
	snapshot_unref(looker->snapshot);
	looker->snapshot = snapshot_new();
	return looker->source->sample(looker->ctx, focus, looker->snapshot, &looker->e);
}

static inline void looker_close(struct looker *looker)
{
	snapshot_unref(looker->snapshot);
	looker->source->close(looker->ctx);
	free(looker->ctx);
	stack_table_free(looker->target.stacks);
	intern_free(looker->target.intern);
}

static inline const struct task *looker_task(const struct looker *looker, pid_t tid)
{
	for (size_t i = 0; looker->snapshot && i < looker->snapshot->nr_tasks; i++)
		if (looker->snapshot->tasks[i].kind == TASK_THREAD &&
		    looker->snapshot->tasks[i].tid == tid)
			return &looker->snapshot->tasks[i];
	return NULL;
}

/* Samples until the task is in that state. Returns NULL if it never was. */
static inline const struct task *looker_wait(struct looker *looker, pid_t tid,
					     enum task_state state)
{
	int64_t deadline_ns = clock_mono_ns() + WAIT_LIMIT_NS;

	while (clock_mono_ns() < deadline_ns) {
		const struct task *task;

		if (looker_look(looker, NULL) != 0)
			return NULL;
		task = looker_task(looker, tid);
		if (task && task->state == state)
			return task;
		usleep(5000);
	}
	return NULL;
}

static inline bool stack_has(const struct stack *stack, const char *function)
{
	for (size_t i = 0; stack && i < stack->nr_frames; i++)
		if (stack->frames[i].function &&
		    strcmp(stack->frames[i].function, function) == 0)
			return true;
	return false;
}

#endif
