/* SPDX-License-Identifier: MIT */
/*
 * A kind is a state, mark, place and creator. A second table holds states, marks, places
 * and objects, each with the first kind that has it; a later kind with the same is linked
 * to it, by union-find. Tasks of several processes are alike by place and creator, but
 * never by object. The keys are hashes of interned addresses, so they are the same
 * in the next snapshot.
 */
#include "core/fold_kinds.h"

#include <stdlib.h>
#include <string.h>

#include "base/ahead.h"
#include "base/array.h"
#include "base/hash.h"

/* What tells tasks apart besides their state. */
#define MARKS                                                                            \
	(TASK_IDLE | TASK_STUCK | TASK_LONG | TASK_STALE | TASK_DEADLOCK |               \
	 TASK_UNREACHABLE | TASK_LEAK)
#define CHANGES     (TASK_NEW | TASK_GONE | TASK_MOVED)

#define SLOTS_FIRST 1024u

static uint64_t hash_frame(const struct frame *frame)
{
	if (!frame)
		return 0;
	if (!frame->function && !frame->file)
		return hash_mix(frame->address, 1);
	return hash_mix((uintptr_t)frame->function,
			(uintptr_t)frame->file ^ (uint64_t)frame->line << 48);
}

static uint64_t hash_text(const char *text)
{
	return text ? hash_bytes(2, text, strlen(text)) : 0;
}

/* An address is an object of its process. */
static uint64_t hash_object(const struct task *task)
{
	const struct waits_on *waits = &task->waits;

	if (!waits->kind)
		return 0;
	return hash_mix((uintptr_t)waits->kind ^ (uint64_t)task->pid << 48,
			waits->address ? waits->address : hash_text(waits->text));
}

/* The places and creators of the last task: those of the next are often the same. */
struct seen {
	const struct stack *stack, *created_by;
	uint64_t place, creator;
};

static uint64_t place_of(struct seen *seen, const struct task *task)
{
	if (seen->stack != task->stack) {
		seen->stack = task->stack;
		seen->place = hash_frame(task_top_frame(task));
	}
	return seen->place;
}

static uint64_t creator_of(struct seen *seen, const struct task *task)
{
	if (!task->created_by)
		return hash_text(task_more(task)->creator_name);
	if (seen->created_by != task->created_by) {
		seen->created_by = task->created_by;
		seen->creator = hash_frame(task_creator_frame(task));
	}
	return seen->creator;
}

struct fold_slot {
	uint64_t key; /* 0 if free */
	uint32_t kind;
};

/* Returns the slot of a key, or the free one for it. */
static struct fold_slot *find_slot(struct fold_slot *slots, size_t count, uint64_t key)
{
	size_t at = key & (count - 1);

	while (slots[at].key != 0 && slots[at].key != key)
		at = (at + 1) & (count - 1);
	return &slots[at];
}

/* Makes room for two more keys; at most half of the slots are used. */
static bool reserve_slots(struct folds *folds)
{
	struct fold_slot *slots, *old = folds->slots;
	size_t count = folds->nr_slots;

	if (2 * (folds->nr_keys + 2) <= count)
		return true;
	count = count > 0 ? count * 2 : SLOTS_FIRST;
	slots = calloc(count, sizeof(*slots));
	if (!slots)
		return false;
	for (size_t i = 0; i < folds->nr_slots; i++)
		if (old[i].key != 0)
			*find_slot(slots, count, old[i].key) = old[i];
	free(old);
	folds->slots = slots;
	folds->nr_slots = count;
	return true;
}

static uint32_t root_of(struct fold_kind *kinds, uint32_t kind)
{
	while (kinds[kind].parent != kind) {
		kinds[kind].parent = kinds[kinds[kind].parent].parent;
		kind = kinds[kind].parent;
	}
	return kind;
}

/* The smallest key stands for all kinds that are linked. */
static void link_kinds(struct fold_kind *kinds, uint32_t a, uint32_t b)
{
	a = root_of(kinds, a);
	b = root_of(kinds, b);
	if (kinds[b].key < kinds[a].key)
		kinds[a].parent = b;
	else
		kinds[b].parent = a;
}

/* Returns the kind that has this key; a new one if there is none. */
static uint32_t kind_of(struct folds *folds, uint64_t key)
{
	struct fold_slot *slot = find_slot(folds->slots, folds->nr_slots, key);
	uint32_t kind = (uint32_t)folds->nr_kinds;

	if (slot->key != 0)
		return slot->kind;
	*slot = (struct fold_slot){key, kind};
	folds->nr_keys++;
	folds->kinds[folds->nr_kinds++] = (struct fold_kind){.key = key, .parent = kind};
	return kind;
}

/* Links the kind to the one whose tasks wait for the same object. */
static void link_by_object(struct folds *folds, uint64_t key, uint32_t kind)
{
	struct fold_slot *slot = find_slot(folds->slots, folds->nr_slots, key);

	if (slot->key == 0) {
		*slot = (struct fold_slot){key, kind};
		folds->nr_keys++;
	} else if (slot->kind != kind) {
		link_kinds(folds->kinds, slot->kind, kind);
	}
}

/* Returns the task's kind, or FOLD_NONE if too little is known about it. */
static uint32_t add_task(struct folds *folds, struct seen *seen, const struct task *task,
			 uint32_t marks)
{
	uint64_t place = place_of(seen, task), object = hash_object(task);
	uint64_t here =
		hash_mix(place, task->state | (uint64_t)(task->flags & marks) << 8);
	uint64_t by_object = hash_mix(here, object) | 1;
	uint32_t kind;

	if (place == 0)
		return object != 0 ? kind_of(folds, by_object) : FOLD_NONE;
	kind = kind_of(folds, (hash_mix(here ^ 1, creator_of(seen, task)) & ~1ull) | 2);
	if (object != 0)
		link_by_object(folds, by_object, kind);
	return kind;
}

/* Has the processor bring a task that comes later. */
static void bring_next(const struct snapshot *snapshot, size_t at)
{
	const struct task *task;

	if (at + AHEAD_ELEMENTS >= snapshot->nr_tasks)
		return;
	ahead_bring(snapshot->tasks, sizeof(*task), at, snapshot->nr_tasks,
		    TASK_HOT_BYTES);
	task = &snapshot->tasks[at + AHEAD_ELEMENTS];
	__builtin_prefetch(&task->created_by);
	__builtin_prefetch(&task->cpu_percent);
}

bool fold_kinds_find(struct folds *folds, const struct snapshot *snapshot, bool changes)
{
	uint32_t marks = MARKS | (changes ? CHANGES : 0);
	struct seen seen = {.place = 0};

	folds->nr_kinds = folds->nr_keys = 0;
	if (!array_reserve(&folds->tasks, &folds->cap_tasks, snapshot->nr_tasks) ||
	    !array_reserve(&folds->task_kinds, &folds->cap_task_kinds,
			   snapshot->nr_tasks) ||
	    !array_reserve(&folds->kinds, &folds->cap_kinds, snapshot->nr_tasks))
		return false;
	if (folds->nr_slots > 0)
		memset(folds->slots, 0, folds->nr_slots * sizeof(struct fold_slot));
	for (size_t i = 0; i < snapshot->nr_tasks; i++) {
		const struct task *task = &snapshot->tasks[i];

		bring_next(snapshot, i);
		if (!reserve_slots(folds))
			return false;
		folds->task_kinds[i] = add_task(folds, &seen, task, marks);
		folds->tasks[i] = (struct fold_task){
			.cpu_percent = task->cpu_percent,
			.since_ns = task->since_ns,
			.switches = task->switches,
		};
	}
	for (size_t i = 0; i < snapshot->nr_tasks; i++)
		if (folds->task_kinds[i] != FOLD_NONE)
			folds->task_kinds[i] =
				root_of(folds->kinds, folds->task_kinds[i]);
	return true;
}
