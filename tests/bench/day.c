/* SPDX-License-Identifier: MIT */
/*
 * A day of the client, compressed: 86,400 samples, one a second, of a target whose tasks
 * come and go, each request with a label and sometimes a stack of its own, pass through
 * everything that a session remembers. Prints the highest resident memory in each quarter
 * of the day.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/intern.h"
#include "core/figures.h"
#include "core/graph.h"
#include "core/group.h"
#include "core/stack.h"
#include "core/verdict.h"

#define LOOKS  86400
#define TASKS  100u /* everything that is bounded is full after 6 h */
#define STACKS 900u

struct day {
	struct intern *intern;
	struct stack_table *stacks;
	struct track *track;
	struct verdicts *verdicts;
	struct grouping *grouping;
	struct figures figures;
	uint64_t ids[TASKS], next_id;
	uint32_t random;
};

static void *need(void *pointer)
{
	if (!pointer) {
		fputs("no memory\n", stderr);
		exit(1);
	}
	return pointer;
}

static uint32_t chance(struct day *day, uint32_t of)
{
	day->random = day->random * 1664525u + 1013904223u;
	return (day->random >> 8) % of;
}

static double rss_mb(void)
{
	FILE *file = need(fopen("/proc/self/statm", "r"));
	long size, resident = 0;

	if (fscanf(file, "%ld %ld", &size, &resident) != 2)
		resident = 0;
	fclose(file);
	return (double)resident * (double)sysconf(_SC_PAGESIZE) / 1048576;
}

static const struct stack *stack_of(struct day *day, uint64_t number)
{
	struct frame frames[3] = {{.line = 1}, {.line = 2}, {.line = 3}};
	char name[48];

	for (int i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "package.function_%u",
			 (unsigned)(number * 3 + (unsigned)i) % STACKS);
		frames[i].function = intern_text(day->intern, name, sizeof(name));
		frames[i].line = (int)(number % 500);
	}
	return stack_intern(day->stacks, frames, 3, false);
}

static struct snapshot *take(struct day *day, int look)
{
	struct snapshot *snapshot = need(snapshot_new());

	snapshot->mono_ns = (look + 1000) * CLOCK_SECOND_NS;
	snapshot->real_ns = snapshot->mono_ns;
	snapshot->resources.rss_bytes = (int64_t)(64 + chance(day, 8)) << 20;
	snapshot->resources.threads = 8;
	snapshot->resources.fds = 20 + chance(day, 30);
	/* One in twenty tasks is replaced in each sample. */
	for (uint32_t i = 0; i < TASKS; i++)
		if (day->ids[i] == 0 || chance(day, 20) == 0)
			day->ids[i] = ++day->next_id;
	for (uint32_t i = 0; i < TASKS; i++) {
		struct task *task = need(snapshot_add(snapshot));
		struct label *label = need(arena_alloc(&snapshot->arena, sizeof(*label)));

		task->id = day->ids[i];
		task->kind = TASK_GOROUTINE;
		task->state = (enum task_state)(1 + (task->id + (uint64_t)look / 7) % 12);
		task->stack = stack_of(day, task->id);
		task->created_by = stack_of(day, task->id % 50);
		label->key = "request";
		label->text = need(arena_printf(&snapshot->arena, "/orders/%llu",
						(unsigned long long)task->id));
		task->labels = label;
		task->nr_labels = 1;
	}
	return snapshot;
}

static void look_at(struct day *day, int look)
{
	struct snapshot *snapshot = take(day, look);
	struct err e;

	if (track_update(day->track, snapshot, &e) != 0 || graph_build(snapshot, &e) != 0)
		need(NULL);
	graph_settle(snapshot, NULL, NULL);
	verdicts_update(day->verdicts, day->track, snapshot);
	figures_update(&day->figures, snapshot);
	grouping_update(day->grouping, snapshot);
	need((void *)snapshot->groups);
	snapshot_unref(snapshot);
}

int main(void)
{
	static struct day day = {.random = 1};
	struct thresholds rule;
	double quarter[4] = {0};

	thresholds_init(&rule);
	day.intern = need(intern_new(32u << 20));
	day.stacks = need(stack_table_new(16384));
	day.track = need(track_new());
	day.verdicts = need(verdicts_new(&rule));
	day.grouping = need(grouping_new(NULL, NULL));
	figures_init(&day.figures);
	for (int look = 0; look < LOOKS; look++) {
		look_at(&day, look);
		if (look % 50 == 0)
			quarter[look / (LOOKS / 4)] =
				fmax(quarter[look / (LOOKS / 4)], rss_mb());
	}
	printf("client in each quarter of 24 h: at most %.1f, %.1f, %.1f, %.1f MB\n",
	       quarter[0], quarter[1], quarter[2], quarter[3]);
	printf("client, 24 h of looks: memory, last quarter by second\t%.2f\t\t<=1.05\n",
	       quarter[3] / quarter[1]);
	printf("client, 24 h of looks: resident memory\t%.1f\tMB\t\n", quarter[3]);
	grouping_free(day.grouping);
	track_free(day.track);
	verdicts_free(day.verdicts);
	stack_table_free(day.stacks);
	intern_free(day.intern);
	return 0;
}
