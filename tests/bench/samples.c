/* SPDX-License-Identifier: MIT */
/*
 * Samples a process as the client does; scripts start the process and this program.
 * Usage: samples PID SAMPLES INTERVAL_MS [SOURCE]; the source is goruntime if none is
 * named. Prints one line: ms to attach, ms of the first sample, the median ms of the
 * others, tasks, stacks, the highest memory in MB, the mean ms of the
 * others, and the median of the processor's ms of the others.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/clock.h"
#include "core/verdict.h"
#include "source/source.h"

#define LOOKS_MAX 1000

struct session {
	struct source_target target;
	const struct source_ops *source;
	struct track *track;
	struct verdicts *verdicts;
	struct snapshot *last;
	void *ctx;
};

static double milliseconds_since(int64_t start_ns)
{
	return (double)(clock_mono_ns() - start_ns) / 1e6;
}

static double cpu_ms(void)
{
	return (double)clock_read_ns(CLOCK_PROCESS_CPUTIME_ID) / 1e6;
}

static int compare(const void *a, const void *b)
{
	const double *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

/* One sample with ages and verdicts, as the poller takes it. */
static double look(struct session *session, struct err *e)
{
	int64_t start_ns = clock_mono_ns();
	struct snapshot *snapshot = snapshot_new();

	if (!snapshot || session->source->sample(session->ctx, NULL, snapshot, e) ||
	    track_update(session->track, snapshot, e))
		return -1;
	verdicts_update(session->verdicts, session->track, snapshot);
	snapshot_unref(session->last);
	session->last = snapshot;
	return milliseconds_since(start_ns);
}

static size_t with_stack(const struct snapshot *snapshot)
{
	size_t count = 0;

	for (size_t i = 0; i < snapshot->nr_tasks; i++)
		count += snapshot->tasks[i].stack != NULL;
	return count;
}

static int run(struct session *session, int looks, long interval_ms, struct err *e)
{
	struct timespec pause = {interval_ms / 1000, interval_ms % 1000 * 1000000};
	double times[LOOKS_MAX], cpu[LOOKS_MAX], attach, first, sum = 0;
	int64_t start_ns = clock_mono_ns();
	struct rusage usage;

	if (session->source->open(session->ctx, &session->target, e))
		return -1;
	attach = milliseconds_since(start_ns);
	first = look(session, e);
	if (first < 0)
		return -1;
	for (int i = 0; i < looks; i++) {
		nanosleep(&pause, NULL);
		cpu[i] = -cpu_ms();
		times[i] = look(session, e);
		if (times[i] < 0)
			return -1;
		cpu[i] += cpu_ms();
		sum += times[i];
	}
	qsort(times, (size_t)looks, sizeof(times[0]), compare);
	qsort(cpu, (size_t)looks, sizeof(cpu[0]), compare);
	getrusage(RUSAGE_SELF, &usage);
	printf("%.2f %.2f %.2f %zu %zu %ld %.2f %.3f\n", attach, first,
	       looks ? times[looks / 2] : 0, session->last->nr_tasks,
	       with_stack(session->last), usage.ru_maxrss / 1024, looks ? sum / looks : 0,
	       looks ? cpu[looks / 2] : 0);
	return 0;
}

int main(int argc, char **argv)
{
	struct session session = {0};
	struct thresholds rule;
	struct err e = {0};
	int looks, rc;

	if (argc < 4)
		return 0;
	mallopt(M_MMAP_THRESHOLD, 128 * 1024);
	looks = atoi(argv[2]);
	if (looks < 0 || looks > LOOKS_MAX)
		return 2;
	thresholds_init(&rule);
	session.target.pid = atoi(argv[1]);
	session.source = &source_goruntime;
	for (size_t i = 0; argc > 4 && source_table[i]; i++)
		if (strcmp(source_table[i]->name, argv[4]) == 0)
			session.source = source_table[i];
	session.target.intern = intern_new(32u << 20);
	session.target.stacks = stack_table_new(SNAPSHOT_TASKS_MAX);
	session.track = track_new();
	session.verdicts = verdicts_new(&rule);
	session.ctx = calloc(1, session.source->ctx_size);
	rc = run(&session, looks, atol(argv[3]), &e);
	if (rc)
		fprintf(stderr, "samples: %s\n", e.text);
	session.source->close(session.ctx);
	snapshot_unref(session.last);
	track_free(session.track);
	verdicts_free(session.verdicts);
	stack_table_free(session.target.stacks);
	intern_free(session.target.intern);
	free(session.ctx);
	return rc ? 1 : 0;
}
