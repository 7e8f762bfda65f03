/* SPDX-License-Identifier: MIT */
/* The client's memory over 3,600 samples of 10,000 threads, an hour at 1 Hz, in
 * everything that a sample passes through except the terminal. It must be flat: the last
 * tenth of the samples needs no more than the second. tests/campaign/memory.t does the
 * same with a terminal and marks. */
#include <unistd.h>

#include "base/clock.h"
#include "bench.h"
#include "core/figures.h"
#include "core/graph.h"
#include "core/group.h"
#include "core/verdict.h"
#include "source/peers/holders.h"
#include "source/source.h"

#define THREADS "10000"
#define LOOKS   3600
#define TENTH   (LOOKS / 10)

struct client {
	const struct source_ops *source;
	struct source_target target;
	void *ctx;
	struct track *track;
	struct verdicts *verdicts;
	struct holders *holders;
	struct grouping *grouping;
	struct figures figures;
	struct snapshot *last; /* as a view holds it */
};

static void fail(const char *what)
{
	fprintf(stderr, "memory: %s\n", what);
	exit(1);
}

static double resident_mb(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	long pages = 0;

	if (!file || fscanf(file, "%*d %ld", &pages) != 1)
		fail("no /proc/self/statm");
	fclose(file);
	return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1048576;
}

static void client_open(struct client *client, const struct source_ops *source, pid_t pid)
{
	struct thresholds rule;
	struct err e;

	memset(client, 0, sizeof(*client));
	err_clear(&e);
	client->source = source;
	client->target.pid = pid;
	client->target.text = "bench";
	client->target.intern = intern_new(64u << 20);
	client->target.stacks = stack_table_new(100000);
	client->ctx = calloc(1, source->ctx_size);
	thresholds_init(&rule);
	client->track = track_new();
	client->verdicts = verdicts_new(&rule);
	client->holders = holders_new();
	client->grouping = grouping_new("", &e);
	figures_init(&client->figures);
	if (source->open(client->ctx, &client->target, &e) != 0)
		fail(e.text);
}

static void client_look(struct client *client)
{
	struct snapshot *snapshot = snapshot_new();
	struct err e;

	err_clear(&e);
	if (!snapshot || client->source->sample(client->ctx, NULL, snapshot, &e) != 0)
		fail(e.text);
	holders_fill(client->holders, snapshot);
	if (track_update(client->track, snapshot, &e) != 0 ||
	    graph_build(snapshot, &e) != 0)
		fail(e.text);
	graph_settle(snapshot, holders_confirm, client->holders);
	verdicts_update(client->verdicts, client->track, snapshot);
	figures_update(&client->figures, snapshot);
	grouping_update(client->grouping, snapshot);
	snapshot_unref(client->last);
	client->last = snapshot;
}

static void client_close(struct client *client)
{
	snapshot_unref(client->last);
	client->source->close(client->ctx);
	free(client->ctx);
	grouping_free(client->grouping);
	holders_free(client->holders);
	track_free(client->track);
	verdicts_free(client->verdicts);
	stack_table_free(client->target.stacks);
	intern_free(client->target.intern);
}

static void measure(const struct source_ops *source, bool agent)
{
	static const char *const arguments[] = {THREADS, NULL};
	double early_mb = 0, late_mb = 0, most_mb = 0;
	struct bench_child child;
	struct client client;

	if (!bench_start(&child, "many_threads", arguments, agent)) {
		printf("cannot start " THREADS " threads here\n");
		bench_stop(&child);
		return;
	}
	double before_mb = resident_mb();
	int64_t begin_ns = clock_mono_ns();

	client_open(&client, source, child.pid);
	for (int i = 0; i < LOOKS; i++) {
		client_look(&client);
		double mb = resident_mb();

		if (i >= TENTH && i < 2 * TENTH && mb > early_mb)
			early_mb = mb;
		if (i >= LOOKS - TENTH && mb > late_mb)
			late_mb = mb;
		if (mb > most_mb)
			most_mb = mb;
	}
	printf("%s: %d looks of %zu tasks in %.0f s, %.1f MB before the first\n",
	       source->name, LOOKS, client.last->nr_tasks,
	       (double)(clock_mono_ns() - begin_ns) / 1e9, before_mb);
	printf("%s: memory with " THREADS " threads, highest\t%.1f\tMB\t<= 80\n",
	       source->name, most_mb);
	printf("%s: its growth from the second to the last tenth\t%.2f\tMB\t<= 0.5\n",
	       source->name, late_mb - early_mb);
	client_close(&client);
	bench_stop(&child);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	measure(&source_native, false);
	measure(&source_agent, true);
	return 0;
}
