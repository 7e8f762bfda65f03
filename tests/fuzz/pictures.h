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

		task->ancestry = stack_intern_ancestry(w->stacks, family, 1 + dice % 2);
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
	task->switches = dice * i;
	task->cpu_percent = i % 5 ? -1 : (float)i;
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
	out->target.sources = "native";
	out->resources.rss_bytes = dice * 1000;
	out->resources.fds = dice;
	for (unsigned i = 0; i < nr; i++)
		fill_task(w, out, i * (1 + dice % 2), dice);
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
