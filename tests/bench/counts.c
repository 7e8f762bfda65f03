/* SPDX-License-Identifier: MIT */
/*
 * Hot paths whose instructions counts.sh counts: callgrind counts from hot_begin() to
 * hot_end(), in all threads. Usage: counts PATH [PID], where PID is the program that a
 * path looks at; counts --list names the paths, and says of each what it looks at.
 */
// build: -Wl,--wrap=clock_mono_ns -Wl,--wrap=clock_real_ns
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_START_INSTRUMENTATION
#define CALLGRIND_STOP_INSTRUMENTATION
#endif

#include "core/group.h"
#include "core/rows.h"
#include "core/verdict.h"
#include "out/formats.h"
#include "out/stream.h"
#include "source/source.h"
#include "world.h"

#define TASKS  20000
#define STACKS 500

static void hot_begin(void)
{
	CALLGRIND_START_INSTRUMENTATION;
}

static void hot_end(void)
{
	CALLGRIND_STOP_INSTRUMENTATION;
}

/* Looks do some things only so often: the time between two looks is always the same here,
 * however slow callgrind makes them. */
static int64_t clock_stands_ns;

int64_t __real_clock_mono_ns(void);
int64_t __wrap_clock_mono_ns(void);

int64_t __wrap_clock_mono_ns(void)
{
	return clock_stands_ns ? clock_stands_ns : __real_clock_mono_ns();
}

int64_t __real_clock_real_ns(void);
int64_t __wrap_clock_real_ns(void);

/* Stands too, as far ahead as at first. */
int64_t __wrap_clock_real_ns(void)
{
	static int64_t ahead_ns;

	if (!clock_stands_ns || ahead_ns == 0)
		ahead_ns = __real_clock_real_ns() - __real_clock_mono_ns();
	return clock_mono_ns() + ahead_ns;
}

static void must(int rc, const struct err *e)
{
	if (rc < 0) {
		fprintf(stderr, "counts: %s\n", e->text);
		exit(1);
	}
}

static void count_mutex(pid_t unused)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

	for (int i = 0; i < 20000; i++) {
		if (i == 10000)
			hot_begin();
		pthread_mutex_lock(&lock);
		pthread_mutex_unlock(&lock);
	}
	hot_end();
}

/* A client that watches a process, as the poller does. */
struct watch {
	struct source_target target;
	const struct source_ops *source;
	void *ctx;
	struct track *track;
	struct verdicts *verdicts;
	struct snapshot *last;
};

static void watch_look(struct watch *watch)
{
	struct snapshot *snapshot = world_need(snapshot_new());
	struct err e = {0};

	clock_stands_ns += CLOCK_SECOND_NS / 4;
	must(watch->source->sample(watch->ctx, NULL, snapshot, &e), &e);
	must(track_update(watch->track, snapshot, &e), &e);
	verdicts_update(watch->verdicts, watch->track, snapshot);
	snapshot_unref(watch->last);
	watch->last = snapshot;
}

static void watch_open(struct watch *watch, const struct source_ops *source, pid_t pid)
{
	struct thresholds rule;
	struct err e = {0};

	clock_stands_ns = clock_mono_ns();
	thresholds_init(&rule);
	*watch = (struct watch){
		.source = source,
		.ctx = calloc(1, source->ctx_size),
		.track = track_new(),
		.verdicts = verdicts_new(&rule),
		.target = {.pid = pid,
			   .text = "bench",
			   .intern = intern_new(64u << 20),
			   .stacks = stack_table_new(100000)},
	};
	must(source->open(watch->ctx, &watch->target, &e), &e);
}

static void watch_close(struct watch *watch)
{
	snapshot_unref(watch->last);
	clock_stands_ns = 0;
	watch->source->close(watch->ctx);
	free(watch->ctx);
	track_free(watch->track);
	verdicts_free(watch->verdicts);
	stack_table_free(watch->target.stacks);
	intern_free(watch->target.intern);
}

static void count_looks(const struct source_ops *source, pid_t pid, int before, int looks)
{
	struct watch watch;

	watch_open(&watch, source, pid);
	for (int i = 0; i < before + looks; i++) {
		if (i == before)
			hot_begin();
		watch_look(&watch);
	}
	hot_end();
	watch_close(&watch);
}

static void count_poll(pid_t pid)
{
	count_looks(&source_agent, pid, 40, 20);
}

static void count_native(pid_t pid)
{
	count_looks(&source_native, pid, 40, 10);
}

static void count_go_first(pid_t pid)
{
	count_looks(&source_goruntime, pid, 0, 1);
}

static void count_go_next(pid_t pid)
{
	count_looks(&source_goruntime, pid, 12, 6);
}

static void count_sort(pid_t unused)
{
	static const enum column_id columns[] = {COLUMN_AGE, COLUMN_WAITS, COLUMN_NAME,
						 COLUMN_LABELS, COLUMN_FUNCTION};
	struct rows_options options = {.class = -1};
	struct snapshot *snapshot;
	struct err e = {0};
	struct rows rows;
	struct world w;

	world_init(&w, TASKS, STACKS);
	snapshot = world_look(&w, 0, 0);
	rows_init(&rows);
	hot_begin();
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		snapshot->number += 1000; /* no order is known */
		options.sort.column = columns[i];
		must(rows_update(&rows, snapshot, &options, snapshot->mono_ns, &e), &e);
	}
	hot_end();
	rows_release(&rows);
	snapshot_unref(snapshot);
	world_release(&w);
}

static void count_group(pid_t unused)
{
	struct grouping *grouping = world_need(grouping_new(NULL, NULL));
	struct world w;

	world_init(&w, TASKS, STACKS);
	for (int look = 0; look < 30; look++) {
		struct snapshot *snapshot = world_look(&w, TASKS / 100, 0);

		if (look >= 20)
			hot_begin();
		grouping_update(grouping, snapshot);
		hot_end();
		snapshot_unref(snapshot);
	}
	grouping_free(grouping);
	world_release(&w);
}

static void count_record(pid_t unused)
{
	struct stream *stream = world_need(stream_new());
	struct err e = {0};
	struct world w;
	struct buf out;

	world_init(&w, TASKS, STACKS);
	buf_init(&out, 0);
	for (int look = 0; look < 30; look++) {
		struct snapshot *snapshot = world_look(&w, 0, TASKS / 100);

		buf_clear(&out);
		if (look >= 10)
			hot_begin();
		must(stream_put(stream, snapshot, &out, &e), &e);
		hot_end();
		snapshot_unref(snapshot);
	}
	stream_free(stream);
	buf_release(&out);
	world_release(&w);
}

static void count_json(pid_t unused)
{
	struct rows_options options = {.class = -1, .sort = {COLUMN_AGE, true}};
	struct settings settings;
	struct out_request request = {.settings = &settings};
	struct snapshot *snapshot;
	struct err e = {0};
	struct rows rows;
	struct world w;
	struct buf out;

	settings_default(&settings);
	world_init(&w, TASKS / 5, STACKS);
	snapshot = world_look(&w, 0, 0);
	rows_init(&rows);
	must(rows_update(&rows, snapshot, &options, snapshot->mono_ns, &e), &e);
	request.snapshot = snapshot;
	request.rows = &rows;
	buf_init(&out, 0);
	hot_begin();
	must(out_json.write(&request, &out, &e), &e);
	hot_end();
	buf_release(&out);
	rows_release(&rows);
	snapshot_unref(snapshot);
	world_release(&w);
}

static const struct path {
	const char *name;
	const char *looks_at; /* what counts.sh starts for it */
	const char *what;
	void (*count)(pid_t pid);
} paths[] = {
	{"mutex", "itself", "10,000 uncontended locks and unlocks under the agent",
	 count_mutex},
	{"poll", "agent", "20 polls of 1,000 threads under the agent", count_poll},
	{"native", "threads", "10 looks at 1,000 threads from outside", count_native},
	{"go-first", "go", "the first look at 2,000 goroutines", count_go_first},
	{"go-next", "go", "6 more looks at 2,000 goroutines", count_go_next},
	{"sort", "nothing", "20,000 rows sorted by five columns", count_sort},
	{"group", "nothing", "20,000 tasks grouped and judged, 10 times", count_group},
	{"record", "nothing", "20,000 tasks recorded, 20 times, 1 % changed",
	 count_record},
	{"json", "nothing", "4,000 tasks written as JSON", count_json},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (strcmp(argv[1], "--list") == 0)
			printf("%s\t%s\t%s\n", paths[i].name, paths[i].looks_at,
			       paths[i].what);
		if (strcmp(argv[1], paths[i].name) == 0)
			paths[i].count(argc > 2 ? atoi(argv[2]) : 0);
	}
	return 0;
}
