/* SPDX-License-Identifier: MIT */
/* Snapshots of tasks in every state and wait, with texts from the input. */
#ifndef FUZZ_PICTURES_H
#define FUZZ_PICTURES_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "core/graph.h"
#include "core/group.h"
#include "core/stack.h"

#define TASKS 24u
#define TEXTS 8u

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static inline void require(int holds)
{
	if (!holds)
		abort();
}

struct pictures {
	struct stack_table *stacks;
	struct grouping *grouping;
	struct snapshot *list[2]; /* the second one lacks tasks */
	char *texts[TEXTS];
};

static inline const struct holds *fill_holds(struct pictures *w, struct snapshot *out,
					     unsigned i, unsigned dice)
{
	struct held *list = arena_alloc(&out->arena, TEXTS * sizeof(*list));
	struct holds *holds = arena_alloc(&out->arena, sizeof(*holds));

	require(list && holds);
	for (unsigned n = 0; n < TEXTS; n++)
		list[n] =
			(struct held){.kind = (enum held_kind)((dice + n) % HELD_KINDS),
				      .reads = (enum held_text)((dice + n) % HELD_TEXTS),
				      .steps = (uint8_t)(n % 4),
				      .frame = (int)n - 1,
				      .others = n,
				      .address = n % 2 ? 0x1000 + i : 0,
				      .way = w->texts[n],
				      .name = w->texts[(n + 1) % TEXTS],
				      .text = w->texts[(n + 2) % TEXTS]};
	*holds = (struct holds){.list = list,
				.nr = TEXTS,
				.compared = dice,
				.why = dice % 7 ? NULL : w->texts[0]};
	return holds;
}

static inline void fill_task(struct pictures *w, struct snapshot *out, unsigned i,
			     unsigned dice)
{
	const struct frame frames[] = {
		{"read", w->texts[1], 3, 1, false, true},
		{w->texts[2], w->texts[3], (int)i, 2, false, false},
		{"main.work", "main.c", 7, 3 + i % 3, false, false},
	};
	struct label *label = arena_alloc(&out->arena, sizeof(*label));
	struct task *task = snapshot_add(out);

	require(task && label);
	task->id = 1 + i;
	task->tid = 100 + (pid_t)i;
	task->serial = i;
	task->kind = (enum task_kind)((dice + i) % 3);
	task->state = (enum task_state)((dice + i * 5) % STATE_COUNT);
	/* Only marks produce those. */
	task->flags = i % 2 ? dice * i & ~(uint32_t)(TASK_GONE | TASK_MOVED) : 0;
	task->since_ns = out->mono_ns - i * (dice + 1) * CLOCK_SECOND_NS;
	task->start_ns = 1;
	task->name = w->texts[0];
	task->raw = i % 3 ? w->texts[1] : NULL;
	task->stack = stack_intern(w->stacks, frames + i % 2, 3 - i % 2, false);
	task->created_by = i % 4 ? task->stack : NULL;
	if (i % 4 == 1) {
		const struct stack *const family[] = {task->stack, task->stack};

		task_edit(task, &out->arena)->ancestry =
			stack_intern_ancestry(w->stacks, family, 1 + dice % 2);
	}
	if (i % 2) {
		task->waits.kind = "mutex";
		task->waits.address = 0x1000 + i % 4 * 8;
		task->waits.text = w->texts[4];
		task->waits.owner_tid = 100 + (pid_t)((i + 2) % TASKS);
	}
	*label = (struct label){w->texts[5], w->texts[6]};
	task->labels = label;
	task->nr_labels = i % 2;
	if (i % 3 == 1)
		task_edit(task, &out->arena)->holds = fill_holds(w, out, i, dice);
	task->switches = dice * i;
	task->cpu_percent = i % 5 ? -1 : (float)i;
}

/* Timers with such names, and a heap that has changed. */
static inline void fill_runtime(struct pictures *w, struct snapshot *out, unsigned dice)
{
	struct timers *timers = arena_alloc(&out->arena, sizeof(*timers));

	require(timers != NULL);
	timers->count = 100;
	timers->read_ns = out->mono_ns;
	for (unsigned i = 0; i < 2 + dice % 8; i++)
		timers->groups[timers->nr_groups++] = (struct timer_group){
			.callback = i % 2 ? "time.goFunc" : w->texts[1],
			.function = i % 3 ? w->texts[2] : "",
			.period_ns = (int64_t)(i * dice) - 1,
			.period_most_ns = dice,
			.count = i * dice,
			.full = i,
			.next_ns = out->mono_ns,
		};
	out->timers = timers;
	for (const struct go_heap_field *field = go_heap_fields; field->key; field++)
		go_heap_set(&out->resources.go_heap, field, (int64_t)dice << dice % 50);
}

/* Makes the target three processes, each with a third of the tasks; one is unreadable. */
static inline void fill_members(struct pictures *w, struct snapshot *out, unsigned dice)
{
	out->members = arena_alloc(&out->arena, 3 * sizeof(*out->members));
	require(out->members != NULL);
	out->target.pid = 0;
	for (unsigned i = 0; i < 3; i++) {
		struct member_process *member = &out->members[out->nr_members++];

		*member = (struct member_process){.pid = (pid_t)(40 + i + dice % 2),
						  .name = w->texts[i % TEXTS],
						  .sources = i ? "native" : "",
						  .runtime = i ? w->texts[1] : NULL,
						  .trouble = i ? NULL : w->texts[2],
						  .start_real_ns = dice,
						  .resources = out->resources,
						  .timers = i ? out->timers : NULL};
	}
	for (size_t i = 0; i < out->nr_tasks; i++)
		out->tasks[i].pid = out->members[i % 3].pid;
	snapshot_name_processes(out);
}

static inline struct snapshot *make_picture(struct pictures *w, unsigned nr,
					    unsigned dice, int64_t mono_ns)
{
	struct snapshot *out = snapshot_new();

	require(out != NULL);
	out->mono_ns = mono_ns;
	out->real_ns = 1800000000 * CLOCK_SECOND_NS;
	out->target.pid = 100;
	out->target.name = w->texts[0];
	out->target.sources = dice % 4 ? "native" : "goruntime";
	out->resources.rss_bytes = dice * 1000;
	out->resources.fds = dice;
	for (unsigned i = 0; i < nr; i++)
		fill_task(w, out, i * (1 + dice % 2), dice);
	fill_runtime(w, out, dice);
	if (dice & 64)
		fill_members(w, out, dice);
	snapshot_note(out, "%s", w->texts[7]);
	snapshot_count(out);
	graph_build(out, NULL);
	grouping_update(w->grouping, out);
	return out;
}

/* Reads texts that end with a zero each, up to an empty one. Returns how many bytes it
 * used. */
static inline size_t pictures_make(struct pictures *w, const uint8_t *bytes, size_t size,
				   unsigned dice)
{
	int64_t now_ns = clock_mono_ns();
	size_t used = 0;

	memset(w, 0, sizeof(*w));
	w->stacks = stack_table_new(1000);
	w->grouping = grouping_new(NULL, NULL);
	require(w->stacks && w->grouping);
	for (size_t i = 0; i < TEXTS; i++) {
		w->texts[i] = strndup((const char *)bytes + used, size - used);
		used += strlen(w->texts[i]);
		used += used < size && w->texts[i][0];
	}
	used += used < size;
	w->list[0] = make_picture(w, TASKS, dice, now_ns - CLOCK_SECOND_NS);
	w->list[1] = make_picture(w, TASKS / 2, dice + 1, now_ns);
	return used;
}

static inline void pictures_release(struct pictures *w)
{
	for (size_t i = 0; i < TEXTS; i++)
		free(w->texts[i]);
	snapshot_unref(w->list[0]);
	snapshot_unref(w->list[1]);
	grouping_free(w->grouping);
	stack_table_free(w->stacks);
}

#endif
