/* SPDX-License-Identifier: MIT */
/* What a thread that runs Python or a task of asyncio holds: the arguments and variables of
 * its functions. They are read when somebody asks. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "source/python/asyncio.h"
#include "source/python/locals/locals.h"
#include "source/thread/thread.h"

#define LOOK_NS (2 * CLOCK_SECOND_NS) /* for all tasks of one look */

/* The frames of a stack of the last look. */
struct frames {
	const struct python_frame *list;
	uint32_t nr;
};

/* at: the task's index in the snapshot. Tasks of asyncio are there in their order. */
static struct frames frames_of(const struct thread_table *table, const struct task *task,
			       size_t at)
{
	struct python *python = table->python;
	const struct python_thread *thread;
	const struct python_tasks *tasks;
	size_t index = at - table->first_task;

	if (task->kind == TASK_THREAD) {
		thread = python_find(python, task->tid);
		return thread ? (struct frames){python->frames + thread->first_frame,
						thread->nr_frames}
			      : (struct frames){NULL, 0};
	}
	tasks = python_tasks_look(python);
	if (!tasks || at < table->first_task || index >= tasks->nr ||
	    tasks->list[index].id != task->id)
		return (struct frames){NULL, 0};
	return (struct frames){tasks->frames + tasks->list[index].first_frame,
			       tasks->list[index].nr_frames};
}

/* The index of a frame of Python in the task's stack, which with --runtime has frames of C
 * between them. from: where the last one was found. Returns -1 if it is not there. */
static int find_frame(const struct task *task, const struct python_frame *frame, int from)
{
	const struct stack *stack = task->stack;

	for (size_t i = from > 0 ? (size_t)from : 0; stack && i < stack->nr_frames; i++)
		if (stack->frames[i].function == frame->code->function &&
		    stack->frames[i].file == frame->code->file &&
		    stack->frames[i].line == frame->line)
			return (int)i;
	return -1;
}

static void set_list(const struct python_locals *locals, const struct frames *frames,
		     struct snapshot *out, const struct task *task, struct holds *holds)
{
	struct held *list =
		locals->nr ? arena_alloc(&out->arena, locals->nr * sizeof(*list)) : NULL;
	uint32_t last = UINT32_MAX;
	int at = -1;

	for (size_t i = 0; list && frames->list && i < locals->nr; i++) {
		const struct python_local *local = &locals->list[i];
		const struct python_frame *frame = &frames->list[local->frame];

		/* Functions that call themselves have several frames. */
		if (local->frame != last)
			at = find_frame(task, frame, last == UINT32_MAX ? 0 : at + 1);
		last = local->frame;
		list[i] = (struct held){
			.kind = HELD_LOCAL,
			.frame = at,
			.address = local->object,
			.way = frame->code->function,
			.name = local->name,
			.text = local->text,
		};
	}
	holds->list = list;
	holds->nr = list ? locals->nr : 0;
}

static const char *why_nothing(const struct frames *frames,
			       const struct python_locals *locals)
{
	if (frames->nr == 0)
		return "it runs no Python at the moment";
	if (locals->moved)
		return "it went on while its variables were read; try again";
	return "its functions have no variables with a value";
}

static void read_task(const struct thread_table *table, struct snapshot *out, size_t at)
{
	struct task *task = &out->tasks[at];
	int64_t begin_ns = clock_mono_ns();
	struct holds *holds = arena_alloc(&out->arena, sizeof(*holds));
	struct python_locals *locals = malloc(sizeof(*locals));
	struct frames frames = frames_of(table, task, at);

	if (holds && locals) {
		python_locals_read(table->python, frames.list, frames.nr, &out->arena,
				   locals);
		set_list(locals, &frames, out, task, holds);
		holds->objects = locals->objects;
		holds->cut = locals->cut;
		holds->why = holds->nr ? NULL : why_nothing(&frames, locals);
		holds->took_ns = clock_mono_ns() - begin_ns;
		task_edit(task, &out->arena)->holds = holds;
	}
	free(locals);
}

static size_t read_tasks(const struct thread_table *table,
			 const struct holds_wish *wishes, size_t nr, struct snapshot *out)
{
	int64_t deadline_ns = clock_mono_ns() + LOOK_NS;
	size_t left = 0;

	for (size_t i = 0; i < out->nr_tasks; i++) {
		const struct task *task = &out->tasks[i];
		struct holds_wish wish = holds_wish_of(task);

		wish.pid = wishes[0].pid;
		if (!(task->flags & TASK_VARIABLES) ||
		    !bsearch(&wish, wishes, nr, sizeof(wish), holds_wish_order))
			continue;
		if (clock_mono_ns() < deadline_ns)
			read_task(table, out, i);
		else
			left++;
	}
	return left;
}

void thread_read_python_holds(struct thread_table *table, const struct holds_wish *asked,
			      size_t nr, struct snapshot *out)
{
	struct holds_wish *wishes;
	size_t left;

	if (!table->python_read || nr == 0)
		return;
	wishes = malloc(nr * sizeof(*wishes));
	if (!wishes)
		return;
	memcpy(wishes, asked, nr * sizeof(*wishes));
	qsort(wishes, nr, sizeof(*wishes), holds_wish_order);
	left = read_tasks(table, wishes, nr, out);
	free(wishes);
	if (left > 0)
		snapshot_note(
			out,
			"the variables of %zu tasks were not read, because one look "
			"takes at most %d seconds",
			left, (int)(LOOK_NS / CLOCK_SECOND_NS));
}
