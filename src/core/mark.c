/* SPDX-License-Identifier: MIT */
/*
 * A task is found in a mark by its position first, since most samples have the same tasks
 * in the same order, and otherwise with a hash table.
 */
#include "core/mark.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/hash.h"

#define NONE       UINT32_MAX
#define NAME_BYTES 64u
#define LOOK_AHEAD 8u
#define SETTLE_NS  (3 * CLOCK_SECOND_NS)

static void mark_free(struct mark *mark)
{
	if (!mark)
		return;
	for (int by = 0; by < GROUP_BY_COUNT; by++)
		free(mark->groups[by]);
	arena_release(&mark->labels);
	free(mark->tasks);
	free(mark->names);
	free(mark->index);
	free(mark);
}

void marks_clear(struct marks *marks)
{
	for (size_t i = 0; i < marks->count; i++)
		mark_free(marks->list[i]);
	memset(marks, 0, sizeof(*marks));
}

static bool build_index(struct mark *mark)
{
	size_t capacity = 64;

	while (capacity < mark->nr_tasks * 2)
		capacity *= 2;
	mark->index = malloc(capacity * sizeof(*mark->index));
	if (!mark->index)
		return false;
	mark->index_capacity = capacity;
	memset(mark->index, 0xff, capacity * sizeof(*mark->index));
	for (size_t i = 0; i < mark->nr_tasks; i++) {
		const struct mark_task *task = &mark->tasks[i];
		size_t at =
			hash_identity(mark->seed, task->kind, task->id, task->serial) &
			(capacity - 1);

		while (mark->index[at] != NONE)
			at = (at + 1) & (capacity - 1);
		mark->index[at] = (uint32_t)i;
	}
	return true;
}

/* Neighbours with the same name share one copy of it. */
static bool copy_tasks(struct mark *mark, const struct snapshot *snapshot)
{
	const char *last = NULL;
	uint32_t last_at = 0;
	struct buf names;

	buf_init(&names, 0);
	mark->tasks = calloc(snapshot->nr_tasks + 1, sizeof(*mark->tasks));
	for (size_t i = 0; mark->tasks && i < snapshot->nr_tasks; i++) {
		const struct task *task = &snapshot->tasks[i];

		if (!last || (last != task->name && strcmp(last, task->name) != 0)) {
			last = task->name;
			last_at = (uint32_t)names.length;
			buf_append(&names, last, strnlen(last, NAME_BYTES));
			buf_append(&names, "", 1);
		}
		mark->tasks[mark->nr_tasks++] = (struct mark_task){
			.id = task->id,
			.serial = task->serial,
			.object = task->waits.kind ? task->waits.address : 0,
			.since_ns = task->since_ns,
			.stack = task->stack,
			.created_by = task->created_by,
			.ancestry = task_more(task)->ancestry,
			.tid = task->tid,
			.name = last_at,
			.flags = task->flags,
			.kind = (uint8_t)task->kind,
			.state = (uint8_t)task->state,
		};
	}
	mark->names = names.bytes;
	return mark->tasks && !names.failed;
}

static bool copy_label(struct mark *mark, struct group *group)
{
	group->label_key = arena_strndup(&mark->labels, group->label_key, NAME_BYTES * 2);
	group->label_text =
		arena_strndup(&mark->labels, group->label_text, NAME_BYTES * 2);
	return group->label_key && group->label_text;
}

static bool copy_groups(struct mark *mark, const struct groups *groups)
{
	for (int by = 0; groups && by < GROUP_BY_COUNT; by++) {
		mark->groups[by] =
			malloc((groups->count[by] + 1) * sizeof(struct mark_group));
		if (!mark->groups[by])
			return false;
		for (size_t i = 0; i < groups->count[by]; i++) {
			struct mark_group *copy = &mark->groups[by][mark->nr_groups[by]];

			if (groups->list[by][i].count == 0)
				continue;
			copy->group = groups->list[by][i];
			copy->identity = group_identify(&copy->group);
			copy->group.leak = NULL;
			if (by == GROUP_LABEL && !copy_label(mark, &copy->group))
				return false;
			mark->nr_groups[by]++;
		}
	}
	return true;
}

static size_t all_tasks(const struct marks *marks)
{
	size_t sum = 0;

	for (size_t i = 0; i < marks->count; i++)
		sum += marks->list[i]->nr_tasks;
	return sum;
}

/* The first sample is dropped last. */
static void drop_oldest(struct marks *marks)
{
	size_t at = marks->count > 1 ? 1 : 0;

	mark_free(marks->list[at]);
	marks->count--;
	memmove(&marks->list[at], &marks->list[at + 1],
		(marks->count - at) * sizeof(marks->list[0]));
}

int marks_add(struct marks *marks, const struct snapshot *snapshot, struct err *e)
{
	struct mark *mark;

	if (snapshot->nr_tasks > MARKS_TASKS_MAX)
		return err_set(e, ERR_USAGE, "a mark can hold at most %u tasks",
			       MARKS_TASKS_MAX);
	mark = calloc(1, sizeof(*mark));
	if (mark) {
		mark->seed = hash_seed();
		arena_init(&mark->labels, 0);
		mark->timers = timers_copy(snapshot->timers, &mark->labels);
	}
	if (!mark || !copy_tasks(mark, snapshot) || !build_index(mark) ||
	    !copy_groups(mark, snapshot->groups)) {
		mark_free(mark);
		return err_set(e, ERR_NOMEM, "no memory for a mark");
	}
	while (marks->count == MARKS_MAX ||
	       (marks->count > 0 && all_tasks(marks) + mark->nr_tasks > MARKS_TASKS_MAX))
		drop_oldest(marks);
	mark->number = marks->next_number++;
	mark->mono_ns = snapshot->mono_ns;
	mark->real_ns = snapshot->real_ns;
	go_heap_point_take(&mark->heap, snapshot);
	marks->chosen = marks->count;
	marks->list[marks->count++] = mark;
	return 0;
}

void marks_start(struct marks *marks, const struct snapshot *snapshot)
{
	bool first = marks->next_number == 0;
	int64_t settled_ns = first ? snapshot->mono_ns + SETTLE_NS : marks->settled_ns;
	struct err e = {0};

	if (!first && (settled_ns == 0 || marks->count != 1 || marks->next_number != 1))
		return;
	marks_clear(marks);
	if (marks_add(marks, snapshot, &e) != 0)
		marks->next_number = 1;
	else if (snapshot->partial && snapshot->mono_ns < settled_ns)
		marks->settled_ns = settled_ns;
}

const struct mark *marks_chosen(const struct marks *marks)
{
	return marks->chosen < marks->count ? marks->list[marks->chosen] : NULL;
}

void marks_choose_next(struct marks *marks)
{
	if (marks->count > 0)
		marks->chosen = (marks->chosen + 1) % marks->count;
}

static bool is_task(const struct mark_task *before, const struct task *task)
{
	return before->id == task->id && before->serial == task->serial &&
	       before->kind == (uint8_t)task->kind;
}

/* *at is the position at which the task is expected. */
static const struct mark_task *find_task(const struct mark *mark, const struct task *task,
					 size_t *at)
{
	size_t mask = mark->index_capacity - 1;

	for (size_t ahead = 0; ahead < LOOK_AHEAD && *at + ahead < mark->nr_tasks;
	     ahead++) {
		const struct mark_task *before = &mark->tasks[*at + ahead];

		if (is_task(before, task)) {
			*at += ahead + 1;
			return before;
		}
	}
	for (size_t i =
		     hash_identity(mark->seed, task->kind, task->id, task->serial) & mask;
	     mark->index[i] != NONE; i = (i + 1) & mask) {
		const struct mark_task *before = &mark->tasks[mark->index[i]];

		if (!is_task(before, task))
			continue;
		*at = mark->index[i] + 1;
		return before;
	}
	return NULL;
}

static bool has_moved(const struct mark_task *before, const struct task *task)
{
	return before->state != (uint8_t)task->state || before->stack != task->stack ||
	       before->object != (task->waits.kind ? task->waits.address : 0);
}

static struct task *add_gone(struct snapshot *out, const struct mark_task *before,
			     const char *name)
{
	struct task *task = snapshot_add(out);

	if (!task)
		return NULL;
	task->id = before->id;
	task->serial = before->serial;
	task->kind = (enum task_kind)before->kind;
	task->state = (enum task_state)before->state;
	task->flags = (before->flags & (TASK_IDLE | TASK_AGE_EXACT)) | TASK_GONE;
	task->tid = before->tid;
	task->since_ns = before->since_ns;
	task->name = name;
	task->stack = before->stack;
	task->created_by = before->created_by;
	if (before->ancestry)
		task_edit(task, &out->arena)->ancestry = before->ancestry;
	return task;
}

/* Creates a snapshot with the head of another one, without its tasks. */
static struct snapshot *begin_like(const struct snapshot *now)
{
	struct snapshot *out = snapshot_new();

	if (!out)
		return NULL;
	out->target = now->target;
	out->mono_ns = now->mono_ns;
	out->real_ns = now->real_ns;
	resources_init(&out->resources);
	return out;
}

static bool compare_tasks(const struct mark *mark, const struct snapshot *now, bool *seen,
			  struct mark_changes *changes)
{
	size_t at = 0, kept = 0;

	for (size_t i = 0; i < now->nr_tasks; i++) {
		const struct task *task = &now->tasks[i];
		const struct mark_task *before = find_task(mark, task, &at);
		bool moved = before && has_moved(before, task);
		struct task *copy;

		if (before)
			seen[before - mark->tasks] = true;
		if (before && !moved)
			continue;
		copy = snapshot_add(changes->snapshot);
		if (!copy)
			return false;
		*copy = *task;
		copy->flags &= ~(uint32_t)TASK_NEW;
		copy->flags |= moved ? TASK_MOVED : TASK_NEW;
		changes->before[kept++] = before;
		changes->nr_moved += moved;
		changes->nr_new += !moved;
	}
	for (size_t i = 0; i < mark->nr_tasks; i++) {
		if (seen[i])
			continue;
		if (!add_gone(changes->snapshot, &mark->tasks[i],
			      mark->names + mark->tasks[i].name))
			return false;
		changes->before[kept++] = &mark->tasks[i];
		changes->nr_gone++;
	}
	return true;
}

int mark_compare(const struct mark *mark, const struct snapshot *now,
		 struct mark_changes *changes, struct err *e)
{
	bool *seen = calloc(mark->nr_tasks + 1, sizeof(*seen));
	bool done = false;

	memset(changes, 0, sizeof(*changes));
	changes->snapshot = begin_like(now);
	if (changes->snapshot)
		changes->before = arena_alloc(&changes->snapshot->arena,
					      (now->nr_tasks + mark->nr_tasks + 1) *
						      sizeof(*changes->before));
	if (seen && changes->before)
		done = compare_tasks(mark, now, seen, changes);
	free(seen);
	if (done)
		return 0;
	snapshot_unref(changes->snapshot);
	memset(changes, 0, sizeof(*changes));
	return err_set(e, ERR_NOMEM, "no memory for the comparison with the mark");
}

struct snapshot *mark_gone(const struct mark *mark, const struct mark_task *task,
			   const struct snapshot *now)
{
	struct snapshot *out = begin_like(now);
	const char *name = mark->names + task->name;

	if (!out)
		return NULL;
	/* Texts of the other snapshot are not valid as long as this one. */
	out->target.name = arena_strndup(&out->arena, now->target.name, NAME_BYTES);
	out->target.sources = out->target.runtime = NULL;
	name = arena_strndup(&out->arena, name, strlen(name));
	if (!out->target.name || !name || !add_gone(out, task, name)) {
		snapshot_unref(out);
		return NULL;
	}
	return out;
}
