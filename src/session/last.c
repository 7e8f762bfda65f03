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

/* Returns a copy, or NULL if there is nothing to copy or no memory. */
static void *copy_bytes(struct arena *arena, const void *from, size_t bytes)
{
	void *copy = bytes ? arena_alloc(arena, bytes) : NULL;

	return copy ? memcpy(copy, from, bytes) : NULL;
}

static const struct wait_several *copy_several(struct arena *arena,
					       const struct wait_several *from)
{
	return copy_bytes(arena, from,
			  from ? sizeof(*from) + from->nr * sizeof(from->cids[0]) : 0);
}

static void copy_wait(struct arena *arena, struct waits_on *waits)
{
	struct wait_more *more;

	if (!waits->more)
		return;
	more = waits_edit(waits, arena);
	if (waits->more != more)
		waits->more = NULL;
	more->detail = copy_text(arena, more->detail);
	more->actors = NULL; /* nothing can end the wait any more */
	more->several = copy_several(arena, more->several);
	more->objects = copy_bytes(arena, more->objects,
				   waits->nr_objects * sizeof(more->objects[0]));
	if (!waits_more(waits)->objects)
		waits->nr_objects = 0;
}

static void copy_more(struct arena *arena, struct task *task)
{
	const struct task_more *from = task->more;
	struct task_more *more;

	if (!from)
		return;
	more = task_edit(task, arena);
	if (task->more != more) {
		task->more = NULL;
		return;
	}
	more->inner = copy_text(arena, from->inner);
	more->creator_name = copy_text(arena, from->creator_name);
	more->awaiting_cids =
		copy_bytes(arena, from->awaiting_cids,
			   from->nr_awaiting * sizeof(from->awaiting_cids[0]));
	if (!more->awaiting_cids)
		more->nr_awaiting = 0;
	more->ancestor_ids =
		copy_bytes(arena, from->ancestor_ids,
			   from->ancestor_ids && from->ancestry
				   ? from->ancestry->nr * sizeof(from->ancestor_ids[0])
				   : 0);
	more->holds = holds_copy(from->holds, arena);
	more->state_counts =
		copy_bytes(arena, from->state_counts,
			   from->state_counts ? STATE_COUNT * sizeof(uint32_t) : 0);
}

static void copy_task(struct arena *arena, struct task *task, const struct task *from)
{
	*task = *from;
	task->raw = copy_text(arena, from->raw);
	task->name = copy_text(arena, from->name);
	task->waits.text = copy_text(arena, from->waits.text);
	copy_wait(arena, &task->waits);
	copy_labels(arena, task, from);
	copy_more(arena, task);
}

static void copy_figures(struct snapshot *copy, const struct snapshot *from)
{
	struct figures *figures =
		from->figures ? arena_alloc(&copy->arena, sizeof(*figures)) : NULL;

	if (figures)
		*figures = *from->figures;
	copy->figures = figures;
}

static void copy_members(struct snapshot *copy, const struct snapshot *from)
{
	size_t bytes = from->nr_members * sizeof(*copy->members);

	copy->members = bytes ? arena_alloc(&copy->arena, bytes) : NULL;
	if (!copy->members)
		return;
	memcpy(copy->members, from->members, bytes);
	copy->nr_members = from->nr_members;
	for (size_t i = 0; i < copy->nr_members; i++) {
		struct member_process *member = &copy->members[i];

		member->name = copy_text(&copy->arena, member->name);
		member->sources = copy_text(&copy->arena, member->sources);
		member->runtime = copy_text(&copy->arena, member->runtime);
		member->trouble = copy_text(&copy->arena, member->trouble);
		member->timers = timers_copy(member->timers, &copy->arena);
	}
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
	copy_members(copy, snapshot);
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
	snapshot_name_processes(copy);
	copy->counts = snapshot->counts;
	return copy;
}
