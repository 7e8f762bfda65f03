/* SPDX-License-Identifier: MIT */
/*
 * Asks what goroutines of a Go process hold, as the view does; bench_go.sh starts both.
 * Usage: go_holds PID FUNCTION MOST LOOKS INTERVAL_MS. Asks for at most MOST goroutines
 * with the function on their stack. Prints one line: ms of the first look, the median of
 * the others, goroutines read, and things that they hold.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "source/source.h"

#define LOOKS_MAX 1000
#define IDS_MAX   100000

static struct holds_wish wishes[IDS_MAX];

static int compare(const void *a, const void *b)
{
	const double *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

static bool has_function(const struct task *task, const char *function)
{
	for (size_t i = 0; task->stack && i < task->stack->nr_frames; i++)
		if (task->stack->frames[i].function &&
		    strstr(task->stack->frames[i].function, function))
			return true;
	return false;
}

static size_t find_wishes(const struct snapshot *snapshot, const char *function,
			  size_t most)
{
	size_t nr = 0;

	for (size_t i = 0; i < snapshot->nr_tasks && nr < most && nr < IDS_MAX; i++)
		if (has_function(&snapshot->tasks[i], function))
			wishes[nr++] = holds_wish_of(&snapshot->tasks[i]);
	return nr;
}

/* Milliseconds for all of them. */
static double look(void *ctx, const struct source_focus *focus, size_t *read,
		   size_t *things, struct err *e)
{
	struct snapshot *snapshot = snapshot_new();
	double ms = 0;

	*read = *things = 0;
	if (!snapshot || source_goruntime.sample(ctx, focus, snapshot, e))
		return -1;
	for (size_t i = 0; i < snapshot->nr_tasks; i++) {
		const struct holds *holds = task_more(&snapshot->tasks[i])->holds;

		if (!holds)
			continue;
		*read += !holds->why;
		*things += holds->nr;
		ms += (double)holds->took_ns / 1e6;
	}
	snapshot_unref(snapshot);
	return ms;
}

static int run(void *ctx, char **argv, struct err *e)
{
	long interval_ms = atol(argv[5]);
	struct timespec pause = {interval_ms / 1000, interval_ms % 1000 * 1000000};
	struct snapshot *snapshot = snapshot_new();
	struct source_focus focus = {0};
	size_t read = 0, things = 0;
	double times[LOOKS_MAX], first;
	int looks = atoi(argv[4]);

	if (!snapshot || looks < 1 || looks > LOOKS_MAX ||
	    source_goruntime.sample(ctx, NULL, snapshot, e))
		return -1;
	focus.holds = wishes;
	focus.nr_holds = find_wishes(snapshot, argv[2], (size_t)atol(argv[3]));
	snapshot_unref(snapshot);
	first = look(ctx, &focus, &read, &things, e);
	for (int i = 0; i < looks; i++) {
		nanosleep(&pause, NULL);
		times[i] = look(ctx, &focus, &read, &things, e);
		if (times[i] < 0)
			return -1;
	}
	qsort(times, (size_t)looks, sizeof(times[0]), compare);
	printf("%.2f %.2f %zu %zu\n", first, times[looks / 2], read, things);
	return 0;
}

int main(int argc, char **argv)
{
	struct source_target target = {0};
	struct err e = {0};
	void *ctx;
	int rc;

	if (argc < 6)
		return 0;
	target.pid = atoi(argv[1]);
	target.intern = intern_new(32u << 20);
	target.stacks = stack_table_new(SNAPSHOT_TASKS_MAX);
	ctx = calloc(1, source_goruntime.ctx_size);
	rc = source_goruntime.open(ctx, &target, &e);
	if (!rc)
		rc = run(ctx, argv, &e);
	if (rc)
		fprintf(stderr, "go_holds: %s\n", e.text);
	source_goruntime.close(ctx);
	stack_table_free(target.stacks);
	intern_free(target.intern);
	free(ctx);
	return rc ? 1 : 0;
}
