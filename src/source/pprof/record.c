/* SPDX-License-Identifier: MIT */
/* The goroutine, group and dump that are being read: where each ends and the next begins,
 * and the rows they become. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "source/go/words.h"
#include "source/pprof/grammar.h"

#define IDS_FIRST 64u

static void ids_clear(struct pprof_grammar *grammar)
{
	/* Clearing a large table for each of many small dumps would be slow. */
	if (grammar->nr_ids < grammar->cap_ids / 16) {
		free(grammar->ids);
		grammar->ids = NULL;
		grammar->cap_ids = 0;
	} else if (grammar->nr_ids > 0) {
		memset(grammar->ids, 0, grammar->cap_ids * sizeof(*grammar->ids));
	}
	grammar->nr_ids = 0;
}

static void ids_put(uint64_t *ids, size_t capacity, uint64_t id)
{
	size_t at = hash_mix(id, 0) & (capacity - 1);

	while (ids[at])
		at = (at + 1) & (capacity - 1);
	ids[at] = id;
}

/* Returns true if the id was present already. Returns false if out of memory, and for
 * goroutine 0, which occurs once for each thread. */
static bool ids_add(struct pprof_grammar *grammar, uint64_t id)
{
	if (id == 0 || grammar->nr_ids >= PPROF_TASKS_MAX)
		return false;
	for (size_t at = hash_mix(id, 0); grammar->cap_ids; at++) {
		uint64_t have = grammar->ids[at & (grammar->cap_ids - 1)];

		if (have == id)
			return true;
		if (have == 0)
			break;
	}
	if (grammar->nr_ids >= grammar->cap_ids / 2) {
		size_t capacity = grammar->cap_ids ? grammar->cap_ids * 2 : IDS_FIRST;
		uint64_t *ids = calloc(capacity, sizeof(*ids));

		if (!ids)
			return false;
		for (size_t i = 0; i < grammar->cap_ids; i++)
			if (grammar->ids[i])
				ids_put(ids, capacity, grammar->ids[i]);
		free(grammar->ids);
		grammar->ids = ids;
		grammar->cap_ids = capacity;
	}
	ids_put(grammar->ids, grammar->cap_ids, id);
	grammar->nr_ids++;
	return false;
}

static const struct stack *pprof_take_stack(struct pprof_grammar *grammar)
{
	const struct stack *stack = stack_intern(grammar->out.stacks, grammar->frames,
						 grammar->nr_frames, grammar->cut);

	if (!stack && grammar->nr_frames > 0)
		grammar->now.no_stack++;
	grammar->nr_frames = 0;
	grammar->cut = grammar->pending = false;
	return stack;
}

/* Stores the stack of the goroutine that ran the go statement. Here the runtime prints
 * the line after that statement; "created by" has the line of the statement itself. */
static void take_ancestor(struct pprof_grammar *grammar)
{
	struct frame *first = &grammar->frames[0];

	if (first->function == grammar->creator.function) {
		first->file = grammar->creator.file;
		first->line = grammar->creator.line;
	} else if (grammar->creator.function) {
		if (grammar->nr_frames == SNAPSHOT_FRAMES_MAX) {
			grammar->nr_frames--;
			grammar->cut = true;
		}
		memmove(first + 1, first, grammar->nr_frames * sizeof(*first));
		*first = grammar->creator;
		grammar->nr_frames++;
	}
	grammar->creator_alone = false;
	grammar->creator = (struct frame){.function = NULL};
	grammar->ancestors[grammar->nr_ancestors] = pprof_take_stack(grammar);
	if (grammar->ancestors[grammar->nr_ancestors])
		grammar->nr_ancestors++;
}

/* Of the creator of the oldest ancestor, only the go statement is known. */
static void take_last_creator(struct pprof_grammar *grammar)
{
	if (!grammar->creator_alone || grammar->nr_ancestors == 0 ||
	    grammar->nr_ancestors == SNAPSHOT_ANCESTORS_MAX)
		return;
	grammar->frames[0] = grammar->creator;
	grammar->nr_frames = 1;
	grammar->ancestor_ids[grammar->nr_ancestors] = 0;
	grammar->ancestors[grammar->nr_ancestors] = pprof_take_stack(grammar);
	if (grammar->ancestors[grammar->nr_ancestors])
		grammar->nr_ancestors++;
}

static void set_ancestors(struct pprof_grammar *grammar)
{
	struct task *task = &grammar->task;
	struct arena *arena = &grammar->out.snapshot->arena;
	const struct ancestry *ancestry;
	struct task_more *more;
	uint64_t *ids;

	take_last_creator(grammar);
	ancestry = stack_intern_ancestry(grammar->out.stacks, grammar->ancestors,
					 grammar->nr_ancestors);
	if (!ancestry)
		return;
	task->created_by = grammar->ancestors[0];
	if (grammar->ancestor_ids[0])
		task->creator_id = grammar->ancestor_ids[0];
	ids = arena_alloc(arena, ancestry->nr * sizeof(*ids));
	if (ids)
		memcpy(ids, grammar->ancestor_ids, ancestry->nr * sizeof(*ids));
	more = task_edit(task, arena);
	more->ancestry = ancestry;
	more->ancestor_ids = ids;
}

/* Older runtimes call every lock a semaphore; the stack tells which lock it is. */
static void set_state(struct task *task)
{
	enum task_state before = task->state;

	task->state = go_stack_state(task->stack, before);
	if (task->state != before && task->waits.kind &&
	    strcmp(task->waits.kind, state_info(before)->name) == 0)
		task->waits.kind = task->waits.text = state_info(task->state)->name;
}

static void end_race(struct pprof_grammar *grammar)
{
	struct snapshot *snapshot = grammar->out.snapshot;

	if (grammar->nr_frames > 0 && grammar->race_row >= grammar->base &&
	    grammar->race_row < snapshot->nr_tasks)
		snapshot->tasks[grammar->race_row].created_by = pprof_take_stack(grammar);
	grammar->nr_frames = 0;
}

void pprof_end_part(struct pprof_grammar *grammar)
{
	switch (grammar->part) {
	case PPROF_STACK:
		grammar->task.stack = pprof_take_stack(grammar);
		set_state(&grammar->task);
		if (grammar->outermost)
			grammar->task.name = grammar->outermost;
		break;
	case PPROF_CREATOR:
	case PPROF_COMPLETE:
		if (grammar->nr_frames == 0)
			break;
		grammar->creator = grammar->frames[0];
		grammar->creator_alone = true;
		if (!grammar->has_ancestors)
			grammar->task.created_by = pprof_take_stack(grammar);
		break;
	case PPROF_ANCESTOR:
		if (grammar->nr_frames > 0)
			take_ancestor(grammar);
		break;
	case PPROF_RACE_CREATOR:
		end_race(grammar);
		break;
	case PPROF_IGNORED:
		break;
	}
	grammar->nr_frames = 0;
	grammar->weak_bytes = 0;
	grammar->cut = grammar->pending = false;
}

void pprof_end_record(struct pprof_grammar *grammar)
{
	bool is_row = grammar->part != PPROF_RACE_CREATOR;
	struct task *task;

	if (!grammar->in_record)
		return;
	pprof_end_part(grammar);
	grammar->in_record = false;
	if (!is_row)
		return;
	set_ancestors(grammar);
	grammar->now.goroutines++;
	if (!grammar->task.stack && !grammar->unavailable)
		grammar->now.no_frames++;
	if (grammar->out.snapshot->nr_tasks - grammar->base >= PPROF_TASKS_MAX)
		return;
	task = snapshot_add(grammar->out.snapshot);
	if (task)
		*task = grammar->task;
}

void pprof_end_group(struct pprof_grammar *grammar)
{
	if (!grammar->in_group)
		return;
	grammar->in_group = false;
	if (grammar->out.snapshot->nr_tasks - grammar->base < PPROF_TASKS_MAX &&
	    pprof_add_group(&grammar->out, grammar->frames, grammar->nr_frames,
			    grammar->group_count, grammar->group_labels,
			    grammar->nr_group_labels))
		grammar->now.goroutines += grammar->group_count;
	grammar->nr_frames = 0;
}

/* The rows of the dump that ends replace the kept ones or are dropped. In a log with
 * panics that were recovered, the last whole dump is the interesting one. */
void pprof_finish_dump(struct pprof_grammar *grammar)
{
	struct snapshot *snapshot = grammar->out.snapshot;
	size_t rows, number;

	pprof_end_record(grammar);
	pprof_end_group(grammar);
	rows = snapshot->nr_tasks - grammar->base;
	if (grammar->now.goroutines == 0 && rows == 0)
		return;
	number = ++grammar->found.dumps;
	if (number <= PPROF_SIZES_MAX)
		grammar->found.sizes[number - 1] = grammar->now.goroutines;
	grammar->now.whole |= grammar->now.goroutines > 1;
	if (grammar->out.dump ? grammar->out.dump == number
			      : grammar->now.whole || !grammar->kept.whole) {
		if (rows > 0 && grammar->base > 0)
			memmove(snapshot->tasks, snapshot->tasks + grammar->base,
				rows * sizeof(*snapshot->tasks));
		grammar->kept = grammar->now;
		grammar->found.dump = number;
		grammar->base = rows;
	}
	snapshot->nr_tasks = grammar->base;
}

void pprof_begin_dump(struct pprof_grammar *grammar)
{
	pprof_finish_dump(grammar);
	grammar->now = (struct pprof_dump){.whole = grammar->fatal};
	grammar->boundary = 0;
	grammar->new_dump = grammar->same_dump = grammar->fatal = false;
	ids_clear(grammar);
}

void pprof_open_record(struct pprof_grammar *grammar, uint64_t id)
{
	memset(&grammar->task, 0, sizeof(grammar->task));
	grammar->task.id = id;
	grammar->task.serial = id ? 0 : grammar->now.goroutines;
	grammar->task.name = "";
	grammar->task.cpu_percent = -1;
	grammar->task.waits.fd = -1;
	grammar->in_record = true;
	grammar->part = PPROF_STACK;
	grammar->nr_frames = 0;
	grammar->cut = grammar->pending = grammar->unavailable = grammar->stray = false;
	grammar->blanks = grammar->spacing = 0;
	grammar->weak_bytes = 0;
	grammar->outermost = NULL;
	grammar->creator = (struct frame){.function = NULL};
	grammar->creator_alone = grammar->has_ancestors = false;
	grammar->nr_ancestors = 0;
}

/* A goroutine occurs a second time. If a goroutine that was running, and so may have
 * printed a dump, came after its first occurrence, the rows from there on are a dump of
 * their own. Returns false if there was no such goroutine. */
static bool split_dump(struct pprof_grammar *grammar, uint64_t id)
{
	struct snapshot *snapshot = grammar->out.snapshot;
	size_t first = grammar->base + grammar->boundary;
	size_t rows = snapshot->nr_tasks - first;
	struct pprof_dump now = grammar->now, before = grammar->before_boundary;
	struct task *tail;

	if (grammar->boundary == 0 || rows == 0)
		return false;
	for (size_t i = 0; i < rows; i++)
		if (snapshot->tasks[first + i].id == id)
			return false;
	tail = malloc(rows * sizeof(*tail));
	if (!tail)
		return false;
	memcpy(tail, snapshot->tasks + first, rows * sizeof(*tail));
	snapshot->nr_tasks = first;
	grammar->now = before;
	pprof_begin_dump(grammar);
	grammar->now.goroutines = now.goroutines - before.goroutines;
	grammar->now.no_stack = now.no_stack - before.no_stack;
	grammar->now.no_frames = now.no_frames - before.no_frames;
	for (size_t i = 0; i < rows; i++) {
		struct task *task = snapshot_add(snapshot);

		if (task)
			*task = tail[i];
		ids_add(grammar, tail[i].id);
	}
	free(tail);
	ids_add(grammar, id);
	return true;
}

void pprof_begin_record(struct pprof_grammar *grammar, const struct pprof_header *header)
{
	bool again, other;

	pprof_end_record(grammar);
	other = grammar->now.grouped || grammar->now.race;
	again = !other && ids_add(grammar, header->id);
	if (again && !grammar->new_dump && !grammar->same_dump &&
	    split_dump(grammar, header->id)) {
		/* it belongs to the second dump */
	} else if (other || ((again || grammar->new_dump) && !grammar->same_dump)) {
		pprof_begin_dump(grammar);
		ids_add(grammar, header->id);
	} else if (grammar->now.goroutines == 0) {
		grammar->now.whole |= grammar->fatal;
	}
	grammar->new_dump = grammar->same_dump = grammar->fatal = false;
	pprof_open_record(grammar, header->id);
	pprof_header_to_task(header, &grammar->out, &grammar->task);
	if (grammar->task.state == STATE_RUNNING) {
		grammar->boundary = grammar->out.snapshot->nr_tasks - grammar->base;
		grammar->before_boundary = grammar->now;
	}
}

struct frame *pprof_push_frame(struct pprof_grammar *grammar, const char *name,
			       size_t bytes)
{
	const char *function = intern_text(grammar->out.intern, name, bytes);
	struct frame *frame = NULL;

	if (grammar->part == PPROF_STACK &&
	    (!grammar->outermost || !pprof_is_start(function)))
		grammar->outermost = function;
	if (grammar->nr_frames < SNAPSHOT_FRAMES_MAX) {
		frame = &grammar->frames[grammar->nr_frames++];
		*frame = (struct frame){.function = function};
	} else {
		grammar->cut = true;
	}
	grammar->pending = frame != NULL;
	return frame;
}
