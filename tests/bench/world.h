/* SPDX-License-Identifier: MIT */
/* A synthetic program of many tasks, the same in every run: snapshots for benchmarks that
 * need no process. */
#ifndef BENCH_WORLD_H
#define BENCH_WORLD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/intern.h"
#include "core/snapshot.h"
#include "core/stack.h"

#define WORLD_FRAMES 10u

struct world {
	struct intern *intern;
	struct stack_table *table;
	const struct stack **stacks;
	uint32_t nr_stacks;
	uint32_t nr_tasks;
	uint64_t *ids;
	uint32_t *steps; /* how often each task has begun another wait */
	uint64_t next_id;
	uint64_t seed;
	int64_t now_ns;
};

static inline void *world_need(void *memory)
{
	if (!memory) {
		fputs("no memory\n", stderr);
		exit(1);
	}
	return memory;
}

static inline uint32_t world_below(struct world *w, uint32_t limit)
{
	w->seed ^= w->seed << 13;
	w->seed ^= w->seed >> 7;
	w->seed ^= w->seed << 17;
	return (uint32_t)(w->seed >> 20) % limit;
}

static inline const struct stack *world_stack(struct world *w, uint32_t number)
{
	struct frame frames[WORLD_FRAMES];
	char text[64];

	memset(frames, 0, sizeof(frames));
	for (uint32_t i = 0; i < WORLD_FRAMES; i++) {
		snprintf(text, sizeof(text), i < 2 ? "wait_%u" : "handler_%u_stage_%u",
			 i < 2 ? i : number, i);
		frames[i].function = intern_text(w->intern, text, sizeof(text));
		snprintf(text, sizeof(text), "/srv/build/server/stage_%u.c", number % 40);
		frames[i].file =
			i < 2 ? NULL : intern_text(w->intern, text, sizeof(text));
		frames[i].line = (int)(number + i);
		frames[i].address = 0x400000 + number * 64 + i;
	}
	return world_need(
		(void *)(uintptr_t)stack_intern(w->table, frames, WORLD_FRAMES, false));
}

static inline void world_init(struct world *w, uint32_t nr_tasks, uint32_t nr_stacks)
{
	*w = (struct world){.intern = intern_new(256u << 20),
			    .table = stack_table_new(2 * nr_stacks + 16),
			    .stacks = calloc(nr_stacks, sizeof(struct stack *)),
			    .ids = calloc(nr_tasks, sizeof(uint64_t)),
			    .steps = calloc(nr_tasks, sizeof(uint32_t)),
			    .nr_stacks = nr_stacks,
			    .nr_tasks = nr_tasks,
			    .next_id = 1000,
			    .seed = 88172645463325252ull,
			    .now_ns = 100000 * CLOCK_SECOND_NS};
	if (!w->intern || !w->table || !w->stacks || !w->ids || !w->steps)
		world_need(NULL);
	for (uint32_t i = 0; i < nr_stacks; i++)
		w->stacks[i] = world_stack(w, i);
	for (uint32_t i = 0; i < nr_tasks; i++)
		w->ids[i] = w->next_id++;
}

static inline void world_release(struct world *w)
{
	free(w->stacks);
	free(w->ids);
	free(w->steps);
	stack_table_free(w->table);
	intern_free(w->intern);
}

static inline void world_task(struct world *w, struct snapshot *snapshot, uint32_t i)
{
	struct task *task = world_need(snapshot_add(snapshot));
	struct label *label = world_need(arena_alloc(&snapshot->arena, sizeof(*label)));
	uint32_t mixed = (i * 2654435761u) >> 8;

	task->id = w->ids[i];
	task->tid = (pid_t)w->ids[i];
	task->serial = i;
	task->state = (enum task_state)(1 + (mixed + w->steps[i]) % (STATE_COUNT - 1));
	task->since_ns = (100000 + (int64_t)w->steps[i]) * CLOCK_SECOND_NS - 1 -
			 (int64_t)mixed * 3000;
	task->flags = TASK_AGE_EXACT;
	task->name =
		world_need(arena_printf(&snapshot->arena, "worker-%u", mixed % 65536));
	task->waits.kind = "channel";
	task->waits.address = 0x7f0000000000 + mixed % 1000 * 64;
	task->waits.text = world_need(arena_printf(
		&snapshot->arena, "chan jobs cap %u, len 0, 3 senders", mixed % 64));
	task->stack = w->stacks[(mixed + w->steps[i]) % w->nr_stacks];
	task->created_by = w->stacks[mixed % w->nr_stacks % 100];
	label->key = "request";
	label->text = world_need(
		arena_printf(&snapshot->arena, "/api/v1/orders/%u", mixed % 5000));
	task->labels = label;
	task->nr_labels = 1;
	task->cpu_percent = (float)(mixed % 1000) / 10;
	task->switches = mixed % 1000000 + w->steps[i];
}

/* One more second has passed: these of the tasks were exchanged for new ones, and these
 * began another wait. */
static inline struct snapshot *world_look(struct world *w, uint32_t exchanged,
					  uint32_t changed)
{
	struct snapshot *snapshot = world_need(snapshot_new());

	w->now_ns += CLOCK_SECOND_NS;
	snapshot->mono_ns = w->now_ns;
	snapshot->real_ns = w->now_ns + 1700000000 * CLOCK_SECOND_NS;
	snapshot->target.pid = 4711;
	snapshot->target.name = "server";
	snapshot->target.sources = "agent";
	for (uint32_t i = 0; i < exchanged; i++)
		w->ids[world_below(w, w->nr_tasks)] = w->next_id++;
	for (uint32_t i = 0; i < changed; i++)
		w->steps[world_below(w, w->nr_tasks)]++;
	for (uint32_t i = 0; i < w->nr_tasks; i++)
		world_task(w, snapshot, i);
	snapshot_count(snapshot);
	return snapshot;
}

#endif
