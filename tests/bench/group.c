/* SPDX-License-Identifier: MIT */
/* The cost of grouping and judging 100,000 tasks in a poll: the same tasks as before, one
 * in a hundred exchanged, and all of them in another order. Prints medians of CPU
 * time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/intern.h"
#include "bench.h"
#include "core/group.h"
#include "core/stack.h"

#define TASKS   100000u
#define WARM_UP 30
#define LOOKS   31

static uint64_t next_id = 1000;

static void *need(void *memory)
{
	if (!memory) {
		fprintf(stderr, "group: no memory\n");
		exit(1);
	}
	return memory;
}

struct world {
	struct intern *intern;
	struct stack_table *stacks;
	const struct stack **stack;
	uint32_t nr_stacks;
	uint64_t ids[TASKS];
	int64_t now_ns;
};

static void make_stacks(struct world *w, uint32_t count)
{
	w->nr_stacks = count;
	w->stack = need(calloc(count, sizeof(struct stack *)));
	for (uint32_t n = 0; n < count; n++) {
		struct frame frames[8];
		char text[64];

		memset(frames, 0, sizeof(frames));
		for (uint32_t i = 0; i < 8; i++) {
			snprintf(text, sizeof(text), "stage_%u_of_%u", i, n);
			frames[i].function = intern_text(w->intern, text, sizeof(text));
			frames[i].line = (int)(n + i);
			frames[i].address = 0x400000 + n * 64 + i;
		}
		w->stack[n] = stack_intern(w->stacks, frames, 8, false);
	}
}

static struct snapshot *take(struct world *w, uint32_t exchanged, bool shuffled)
{
	struct snapshot *snapshot = need(snapshot_new());

	w->now_ns += CLOCK_SECOND_NS;
	snapshot->mono_ns = w->now_ns;
	snapshot->real_ns = w->now_ns;
	for (uint32_t i = 0; i < exchanged; i++)
		w->ids[(i * 7919u) % TASKS] = ++next_id;
	for (uint32_t i = 0; i < TASKS; i++) {
		struct task *task = need(snapshot_add(snapshot));
		struct label *label = need(arena_alloc(&snapshot->arena, sizeof(*label)));

		task->id = w->ids[shuffled ? (i * 7919u +
					      (uint32_t)(w->now_ns / CLOCK_SECOND_NS)) %
						     TASKS
					   : i];
		task->state = (enum task_state)(1 + task->id % 12);
		task->since_ns = 1 + (int64_t)(task->id % 5000);
		task->stack = w->stack[task->id % w->nr_stacks];
		task->created_by = w->stack[task->id % w->nr_stacks % 100];
		label->key = "request";
		label->text = need(arena_printf(&snapshot->arena, "/api/v1/orders/%u",
						(unsigned)(task->id % 900)));
		task->labels = label;
		task->nr_labels = 1;
	}
	return snapshot;
}

static void measure(struct world *w, const char *what, uint32_t exchanged, bool shuffled,
		    const char *goal)
{
	struct grouping *grouping = need(grouping_new(NULL, NULL));
	char name[80];
	struct bench_row row = {.name = name, .unit = "ms", .goal = goal};
	double ms[LOOKS];

	for (uint32_t i = 0; i < TASKS; i++)
		w->ids[i] = ++next_id;
	for (int look = -WARM_UP; look < LOOKS; look++) {
		struct snapshot *snapshot = take(w, exchanged, shuffled);
		double start_ms = bench_cpu_ms();

		grouping_update(grouping, snapshot);
		if (look >= 0)
			ms[look] = bench_cpu_ms() - start_ms;
		snapshot_unref(snapshot);
	}
	grouping_free(grouping);
	snprintf(name, sizeof(name), "group and judge, 100000 tasks, %s", what);
	bench_print(&row, bench_interval(ms, LOOKS));
}

int main(void)
{
	static struct world w;

	w.intern = need(intern_new(64u << 20));
	w.stacks = need(stack_table_new(1u << 20));
	make_stacks(&w, 300);
	measure(&w, "all as before", 0, false, "<=15");
	measure(&w, "1% exchanged", TASKS / 100, false, "<=15");
	measure(&w, "in another order", 0, true, "<=30");
	free(w.stack);
	make_stacks(&w, 20000);
	measure(&w, "20000 stacks", TASKS / 100, false, "<=30");
	free(w.stack);
	stack_table_free(w.stacks);
	intern_free(w.intern);
	return 0;
}
