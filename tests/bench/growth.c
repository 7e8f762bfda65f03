/* SPDX-License-Identifier: MIT */
/* The processor's milliseconds of one step of the client for a synthetic program of many
 * tasks, a line for each turn; bench_growth.sh compares them. Usage: growth STEP TASKS TURNS, where
 * STEP is group, sort or record. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/group.h"
#include "core/rows.h"
#include "out/stream.h"
#include "world.h"

#define WARM_UP 2

struct steps {
	struct grouping *grouping;
	struct rows rows;
	struct stream *stream;
	struct buf out;
};

static void must(bool done)
{
	if (!done)
		world_need(NULL);
}

static void group(struct steps *steps, struct snapshot *snapshot)
{
	grouping_update(steps->grouping, snapshot);
}

static void sort(struct steps *steps, struct snapshot *snapshot)
{
	struct rows_options options = {.class = -1, .sort = {COLUMN_NAME, false}};

	must(rows_update(&steps->rows, snapshot, &options, snapshot->mono_ns, NULL) >= 0);
}

static void record(struct steps *steps, struct snapshot *snapshot)
{
	buf_clear(&steps->out);
	must(stream_put(steps->stream, snapshot, &steps->out, NULL) >= 0);
}

static const struct {
	const char *name;
	void (*run)(struct steps *steps, struct snapshot *snapshot);
} table[] = {{"group", group}, {"sort", sort}, {"record", record}};

static double cpu_ms(void)
{
	return (double)clock_read_ns(CLOCK_PROCESS_CPUTIME_ID) / 1e6;
}

/* Few tasks would still be in the processor's caches from having been made, and many would
 * not: all are out of them. */
static void forget(void)
{
	static volatile char elsewhere[128 << 20];

	for (size_t i = 0; i < sizeof(elsewhere); i += 64)
		elsewhere[i]++;
}

static void measure(size_t which, uint32_t tasks, int turns)
{
	struct steps steps = {.grouping = grouping_new(NULL, NULL),
			      .stream = stream_new()};
	struct world w;

	must(steps.grouping && steps.stream);
	rows_init(&steps.rows);
	buf_init(&steps.out, 0);
	world_init(&w, tasks, 500);
	for (int turn = 0; turn < WARM_UP + turns; turn++) {
		struct snapshot *snapshot = world_look(&w, 0, tasks / 100);
		double begin_ms;

		forget();
		begin_ms = cpu_ms();
		table[which].run(&steps, snapshot);
		if (turn >= WARM_UP)
			printf("%.4f\n", cpu_ms() - begin_ms);
		snapshot_unref(snapshot);
	}
	world_release(&w);
	buf_release(&steps.out);
	rows_release(&steps.rows);
	stream_free(steps.stream);
	grouping_free(steps.grouping);
}

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 3 && i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(argv[1], table[i].name) == 0)
			measure(i, (uint32_t)atoi(argv[2]), atoi(argv[3]));
	return 0;
}
