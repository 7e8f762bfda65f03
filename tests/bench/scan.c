/* SPDX-License-Identifier: MIT */
/*
 * One sample of 10,000 blocked threads from outside, compared with libproc2's scan of
 * threads and `ps -L -o wchan`, which list less, by the CPU time of each. The three take
 * turns on the same target; first all threads are blocked, then one of them works. Usage: scan [PID]: with a process, only
 * libproc2's scan of it, once, for bench_peers.sh.
 */
#include <libproc2/pids.h>
#include <spawn.h>
#include <sys/resource.h>

#include "bench.h"
#include "core/verdict.h"
#include "source/source.h"

#define THREADS "10000"
#define ROUNDS  15
#define WARM_UP 40

extern char **environ;

struct look {
	struct source_target target;
	void *ctx;
	struct track *track;
	struct verdicts *verdicts;
	struct snapshot *last; /* as a view holds it */
	struct pids_info *info;
	size_t nr_tasks, nr_stacks;
};

static void fail(const char *what)
{
	fprintf(stderr, "scan: %s\n", what);
	exit(1);
}

static double look_ms(struct look *look)
{
	double begin_ms = bench_cpu_ms();
	struct snapshot *snapshot = snapshot_new();
	struct err e;

	err_clear(&e);
	if (!snapshot || source_native.sample(look->ctx, NULL, snapshot, &e) != 0 ||
	    track_update(look->track, snapshot, &e) != 0)
		fail(e.text);
	verdicts_update(look->verdicts, look->track, snapshot);

	double took_ms = bench_cpu_ms() - begin_ms;

	look->nr_tasks = snapshot->nr_tasks;
	look->nr_stacks = 0;
	for (size_t i = 0; i < snapshot->nr_tasks; i++)
		look->nr_stacks += snapshot->tasks[i].stack != NULL;
	snapshot_unref(look->last);
	look->last = snapshot;
	return took_ms;
}

/* Reads name, state and wait channel of every thread of the target, and of no other. */
static double libproc2_ms(struct look *look, size_t *nr_threads)
{
	unsigned pid = (unsigned)look->target.pid;
	double begin_ms = bench_cpu_ms();
	struct pids_fetch *fetch =
		procps_pids_select(look->info, &pid, 1, PIDS_SELECT_PID_THREADS);

	if (!fetch)
		fail("libproc2 gives no threads");
	double took_ms = bench_cpu_ms() - begin_ms;

	*nr_threads = 0;
	for (int i = 0; i < fetch->counts->total; i++)
		*nr_threads += fetch->stacks[i]->head[1].result.s_int == look->target.pid;
	return took_ms;
}

static double ps_ms(pid_t pid)
{
	char number[16];
	char *argv[] = {"ps", "-L", "-o", "pid,tid,wchan", "-p", number, NULL};
	posix_spawn_file_actions_t actions;
	struct rusage used;
	pid_t child;
	int status;

	snprintf(number, sizeof(number), "%d", (int)pid);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	if (posix_spawnp(&child, "ps", &actions, NULL, argv, environ) != 0 ||
	    wait4(child, &status, 0, &used) != child || status != 0)
		fail("ps fails");
	posix_spawn_file_actions_destroy(&actions);
	return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e3 +
	       (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e3;
}

static void open_look(struct look *look, pid_t pid)
{
	enum pids_item items[] = {PIDS_ID_TID, PIDS_ID_TGID, PIDS_CMD, PIDS_STATE,
				  PIDS_WCHAN_NAME};
	struct thresholds rule;
	struct err e;

	memset(look, 0, sizeof(*look));
	err_clear(&e);
	look->target.pid = pid;
	look->target.text = "bench";
	look->target.intern = intern_new(64u << 20);
	look->target.stacks = stack_table_new(100000);
	look->ctx = calloc(1, source_native.ctx_size);
	thresholds_init(&rule);
	look->track = track_new();
	look->verdicts = verdicts_new(&rule);
	if (source_native.open(look->ctx, &look->target, &e) != 0)
		fail(e.text);
	if (procps_pids_new(&look->info, items, sizeof(items) / sizeof(items[0])) < 0)
		fail("libproc2 cannot be used");
}

static void close_look(struct look *look)
{
	procps_pids_unref(&look->info);
	snapshot_unref(look->last);
	source_native.close(look->ctx);
	free(look->ctx);
	track_free(look->track);
	verdicts_free(look->verdicts);
	stack_table_free(look->target.stacks);
	intern_free(look->target.intern);
}

static void row(const char *figure, const char *what, const char *unit, const char *goal,
		double *values)
{
	char name[96];

	snprintf(name, sizeof(name), "%s, %s", figure, what);
	bench_print(&(struct bench_row){.name = name, .unit = unit, .goal = goal},
		    bench_interval(values, ROUNDS));
}

static void measure(const char *what, const char *const *arguments, const char *goal)
{
	double own[ROUNDS], library[ROUNDS], ps[ROUNDS], by_library[ROUNDS],
		by_ps[ROUNDS];
	size_t nr_threads = 0;
	struct bench_child child;
	struct look look;

	if (!bench_start(&child, "many_threads", arguments, false)) {
		printf("cannot start " THREADS " threads here\n");
		bench_stop(&child);
		return;
	}
	open_look(&look, child.pid);
	for (int i = 0; i < WARM_UP; i++)
		look_ms(&look);
	for (int i = 0; i < ROUNDS; i++) {
		own[i] = look_ms(&look);
		library[i] = libproc2_ms(&look, &nr_threads);
		ps[i] = ps_ms(child.pid);
	}
	printf("%s: %zu rows, %zu stacks; libproc2 has %zu rows\n", what, look.nr_tasks,
	       look.nr_stacks, nr_threads);
	for (int i = 0; i < ROUNDS; i++) {
		by_library[i] = library[i] / own[i];
		by_ps[i] = ps[i] / own[i];
	}
	row("one look at " THREADS " threads, CPU", what, "ms", goal, own);
	row("libproc2's scan with state and wchan, CPU", what, "ms", "", library);
	row("ps -L -o pid,tid,wchan, CPU", what, "ms", "", ps);
	row("libproc2, multiple of our CPU time", what, "x", ">= 10", by_library);
	row("ps, multiple of our CPU time", what, "x", ">= 10", by_ps);
	close_look(&look);
	bench_stop(&child);
}

static int scan_once(pid_t pid)
{
	struct look look;
	size_t nr_threads;

	open_look(&look, pid);
	libproc2_ms(&look, &nr_threads);
	close_look(&look);
	return nr_threads == 0;
}

int main(int argc, char **argv)
{
	static const char *const blocked[] = {THREADS, NULL};
	static const char *const busy[] = {THREADS, "busy", NULL};

	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	if (argc > 1)
		return scan_once(atoi(argv[1]));
	measure("all blocked", blocked, "<= 15");
	measure("one works", busy, "<= 15");
	return 0;
}
