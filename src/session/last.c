/* SPDX-License-Identifier: MIT */
/* Snapshots are immutable and shared, so setting target.ended takes a copy. Stacks and
 * interned texts belong to the session and are not copied. */
#include "session/last.h"

#include <string.h>

#include "core/figures.h"
#include "core/group.h"

#define TEXT_MAX 4096u

static const char *copy_text(struct arena *arena, const char *text)
{
	const char *copy = text ? arena_strndup(arena, text, TEXT_MAX) : NULL;

	return copy || !text ? copy : "";
}

static void copy_labels(struct arena *arena, struct task *task, const struct task *from)
{
	struct label *labels = NULL;

	if (from->nr_labels > 0)
		labels = arena_alloc(arena, from->nr_labels * sizeof(*labels));
	task->nr_labels = labels ? from->nr_labels : 0;
	for (size_t i = 0; i < task->nr_labels; i++) {
		labels[i].key = copy_text(arena, from->labels[i].key);
		labels[i].text = copy_text(arena, from->labels[i].text);
	}
	task->labels = labels;
}

static void copy_ancestors(struct arena *arena, struct task *task,
			   const struct task *from)
{
	size_t bytes = from->ancestor_ids && from->ancestry
			       ? from->ancestry->nr * sizeof(from->ancestor_ids[0])
			       : 0;
	uint64_t *ids = bytes ? arena_alloc(arena, bytes) : NULL;

	if (ids)
		memcpy(ids, from->ancestor_ids, bytes);
	task->ancestor_ids = ids;
}

static void copy_task(struct arena *arena, struct task *task, const struct task *from)
{
	*task = *from;
	task->raw = copy_text(arena, from->raw);
	task->name = copy_text(arena, from->name);
	task->waits.text = copy_text(arena, from->waits.text);
	task->inner = copy_text(arena, from->inner);
	task->creator_name = copy_text(arena, from->creator_name);
	copy_labels(arena, task, from);
	copy_ancestors(arena, task, from);
	if (from->state_counts) {
		uint32_t *counts = arena_alloc(arena, STATE_COUNT * sizeof(*counts));

		if (counts)
			memcpy(counts, from->state_counts, STATE_COUNT * sizeof(*counts));
		task->state_counts = counts;
	}
}

static void copy_figures(struct snapshot *copy, const struct snapshot *from)
{
	struct figures *figures =
		from->figures ? arena_alloc(&copy->arena, sizeof(*figures)) : NULL;

	if (figures)
		*figures = *from->figures;
	copy->figures = figures;
}

struct snapshot *last_copy(const struct snapshot *snapshot)
{
	struct snapshot *copy = snapshot_new();

	if (!copy)
		return NULL;
	copy->target = snapshot->target;
	copy->target.name = copy_text(&copy->arena, snapshot->target.name);
	copy->target.sources = copy_text(&copy->arena, snapshot->target.sources);
	copy->target.runtime = copy_text(&copy->arena, snapshot->target.runtime);
	copy->target.ended = true;
	copy->mono_ns = snapshot->mono_ns;
	copy->clock_ahead_ns = snapshot->clock_ahead_ns;
	copy->real_ns = snapshot->real_ns;
	copy->resources = snapshot->resources;
	copy->timers = timers_copy(snapshot->timers, &copy->arena);
	copy->dropped = snapshot->dropped;
	copy_figures(copy, snapshot);
	groups_copy(copy, snapshot);
	for (size_t i = 0; i < snapshot->nr_notes; i++)
		snapshot_note(copy, "%s", snapshot->notes[i]);
	for (size_t i = 0; i < snapshot->nr_tasks; i++) {
		struct task *task = snapshot_add(copy);

		if (!task)
			break;
		copy_task(&copy->arena, task, &snapshot->tasks[i]);
	}
	copy->counts = snapshot->counts;
	return copy;
}
