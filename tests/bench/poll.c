/* SPDX-License-Identifier: MIT */
/* The cost of one sample of 10,000 threads, with the agent inside (scan, snapshot, stuck
 * rule) and without. Starts the program that it samples. */
#include <sys/resource.h>

#include "base/clock.h"
#include "bench.h"
#include "core/verdict.h"
#include "source/source.h"

#define THREADS      "10000"
#define WARM_UP_MAX  400
#define SECONDS_1_HZ 10

struct look {
	const struct source_ops *source;
	void *ctx;
	struct track *track;
	struct verdicts *verdicts;
	struct snapshot *last; /* as a view holds it */
	struct err *e;
};

/* Returns its CPU time: a clock also counts what others do with the machine. */
static double poll_once(struct look *look, struct err *e)
{
	double begin_ms = bench_cpu_ms();
	struct snapshot *snapshot = snapshot_new();

	if (!snapshot || look->source->sample(look->ctx, NULL, snapshot, e) ||
	    track_update(look->track, snapshot, e)) {
		fprintf(stderr, "poll: %s\n", e->text);
		exit(1);
	}
	verdicts_update(look->verdicts, look->track, snapshot);

	double took_ms = bench_cpu_ms() - begin_ms;

	snapshot_unref(look->last);
	look->last = snapshot;
	return took_ms;
}

static double poll_turn(void *ctx, size_t number)
{
	struct look *look = ctx;

	usleep(20000);
	return poll_once(look, look->e);
}

/* Work that only the first samples do: names, creators, the first check of every wait. */
static void warm_up(struct look *look, struct err *e)
{
	int quick = 0;

	for (int i = 0; i < WARM_UP_MAX && quick < 10; i++) {
		quick = poll_once(look, e) < 5 ? quick + 1 : 0;
		usleep(10000);
	}
}

static void measure(const struct source_ops *source, bool agent)
{
	static const char *const arguments[] = {THREADS, NULL};
	struct bench_child child;
	struct err e;
	struct thresholds rule;
	struct source_target target = {0};
	struct look look = {.source = source, .e = &e};
	char name[96];
	struct rusage usage;

	err_clear(&e);
	if (!bench_start(&child, "many_threads", arguments, agent)) {
		printf("cannot start " THREADS " threads here\n");
		bench_stop(&child);
		return;
	}
	target.pid = child.pid;
	target.text = "bench";
	target.intern = intern_new(64u << 20);
	target.stacks = stack_table_new(100000);
	look.ctx = calloc(1, source->ctx_size);
	thresholds_init(&rule);
	look.track = track_new();
	look.verdicts = verdicts_new(&rule);

	int64_t begin_ns = clock_mono_ns();

	if (source->open(look.ctx, &target, &e)) {
		fprintf(stderr, "poll: %s\n", e.text);
		exit(1);
	}
	poll_once(&look, &e);
	printf("%s: attach and first look at " THREADS " threads\t%.0f\tms\t\n",
	       source->name, (double)(clock_mono_ns() - begin_ns) / 1e6);
	warm_up(&look, &e);
	snprintf(name, sizeof(name), "%s: one poll of " THREADS " threads, CPU",
		 source->name);
	bench_measure(&(struct bench_row){name, "ms", agent ? "<= 1" : "", 60, 240},
		      poll_turn, &look);

	double cpu_begin_ms = bench_cpu_ms();

	for (int i = 0; i < SECONDS_1_HZ; i++) {
		poll_once(&look, &e);
		sleep(1);
	}
	printf("%s: polls at 1 Hz, of a core (without the view)\t%.2f\t%%\t%s\n",
	       source->name, (bench_cpu_ms() - cpu_begin_ms) / 10 / SECONDS_1_HZ,
	       agent ? "<= 1" : "");
	getrusage(RUSAGE_SELF, &usage);
	if (agent)
		printf("agent: memory of the poller, highest\t%.1f\tMB\t<= 40\n",
		       (double)usage.ru_maxrss / 1024);
	snapshot_unref(look.last);
	source->close(look.ctx);
	free(look.ctx);
	track_free(look.track);
	verdicts_free(look.verdicts);
	stack_table_free(target.stacks);
	intern_free(target.intern);
	bench_stop(&child);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	measure(&source_agent, true);
	measure(&source_native, false);
	return 0;
}
