/* SPDX-License-Identifier: MIT */
/* The cost of grouping and judging 100,000 tasks in a poll: the same tasks as before, one
 * in a hundred exchanged, and all of them in another order. Prints the best of several
 * runs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/intern.h"
#include "core/group.h"
#include "core/stack.h"

#define TASKS 100000u
#define LOOKS 60

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

static double measure(struct world *w, uint32_t exchanged, bool shuffled)
{
	struct grouping *grouping = need(grouping_new(NULL, NULL));
	double best = 1e9;

	for (uint32_t i = 0; i < TASKS; i++)
		w->ids[i] = ++next_id;
	for (int look = 0; look < LOOKS; look++) {
		struct snapshot *snapshot = take(w, exchanged, shuffled);
		int64_t start_ns = clock_mono_ns();
		double ms;

		grouping_update(grouping, snapshot);
		ms = (double)(clock_mono_ns() - start_ns) / 1e6;
		if (look > LOOKS / 2 && ms < best)
			best = ms;
		snapshot_unref(snapshot);
	}
	grouping_free(grouping);
	return best;
}

int main(void)
{
	static struct world w;

	w.intern = need(intern_new(64u << 20));
	w.stacks = need(stack_table_new(1u << 20));
	make_stacks(&w, 300);
	printf("group and judge, 100000 tasks, all as before\t%.1f\tms\t<=30\n",
	       measure(&w, 0, false));
	printf("group and judge, 100000 tasks, 1%% exchanged\t%.1f\tms\t<=30\n",
	       measure(&w, TASKS / 100, false));
	printf("group and judge, 100000 tasks, in another order\t%.1f\tms\t\n",
	       measure(&w, 0, true));
	free(w.stack);
	make_stacks(&w, 20000);
	printf("group and judge, 100000 tasks, 20000 stacks\t%.1f\tms\t\n",
	       measure(&w, TASKS / 100, false));
	free(w.stack);
	stack_table_free(w.stacks);
	intern_free(w.intern);
	return 0;
}
