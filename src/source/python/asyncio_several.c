/* SPDX-License-Identifier: MIT */
/*
 * What a task waits for if that is another one, or several: a gather, a task group, wait()
 * and as_completed(). A future that stands for a task is followed to it. One that nothing
 * is known about may be ended by anybody.
 */
#include <stdarg.h>
#include <stdio.h>

#include "base/array.h"
#include "source/kernel/call.h"
#include "source/python/asyncio_object.h"

#define CALLBACK      24u    /* of a future: the first function that its end will call */
#define CHILDREN_MOST 65536u /* of one task that waits */
#define MEMBERS_MOST  1048576u
#define ITEMS         256u /* of a list, read at once */
#define DEPTH_MOST    4u

void python_task_say(struct python_asyncio *asyncio, struct python_task *task,
		     const char *kind, const char *format, ...)
{
	char text[KERNEL_TEXT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	task->text = arena_strndup(&asyncio->texts, text, sizeof(text));
	task->kind = task->text ? kind : NULL;
}

void python_task_awaits(struct python_task *task, uint32_t owner)
{
	task->owner = owner;
	task->awaits = owner != PYTHON_NO_TASK;
}

/* What a future of shield() stands for, or 0. */
static uint64_t shielded(struct python *python, uint64_t future)
{
	uint64_t callback;

	return python_word(&python->reader, future + CALLBACK, &callback) &&
			       python_is_function(python, callback,
						  "_outer_done_callback")
		       ? python_function_outer(python, callback, "inner")
		       : 0;
}

struct members {
	struct python *python;
	struct python_asyncio *asyncio;
	struct python_task *task;
	uint32_t nr, pending;
	unsigned depth;
};

static void add_task(struct members *members, uint32_t index)
{
	struct python_tasks *out = &members->asyncio->out;

	if (!array_reserve_most(&out->members, &out->cap_members, out->nr_members + 1,
				MEMBERS_MOST)) {
		members->task->open = true;
		return;
	}
	out->members[out->nr_members++] = index;
	members->task->nr_members++;
}

static void list_children(struct members *members, uint64_t container);

/* A future that is not one of the tasks. */
static void add_future(struct members *members, uint64_t future)
{
	struct python *python = members->python;
	uint32_t state, index;
	uint64_t inner;
	bool gather;

	if (!memory_read(&python->reader.mem,
			 future + (uint64_t)python->reader.layout.task_state, &state,
			 sizeof(state)) ||
	    state != 0)
		return;
	members->pending++;
	inner = shielded(python, future);
	index = inner ? python_task_at(members->asyncio, inner) : PYTHON_NO_TASK;
	if (index != PYTHON_NO_TASK) {
		add_task(members, index);
		return;
	}
	if (inner)
		future = inner;
	gather = python_awaitable(python, members->asyncio,
				  python_type_of(&python->reader, future)) ==
		 PYTHON_IS_GATHER;
	/* All of those in a gather must end, so it cannot be one of which any must. */
	if (!gather || members->task->any || members->depth == DEPTH_MOST) {
		members->task->open = true;
		return;
	}
	members->depth++;
	list_children(members, python_field(&python->reader, future, "_children"));
	members->depth--;
}

static void add_member(struct members *members, uint64_t future)
{
	uint32_t index = python_task_at(members->asyncio, future);

	if (members->asyncio->nr_followed >= PYTHON_FOLLOWED_MAX) {
		members->task->open = true;
		return;
	}
	members->asyncio->nr_followed +=
		index == PYTHON_NO_TASK ? PYTHON_FOLLOWED_FUTURE : 1;
	if (members->depth == 0)
		members->nr++;
	if (index == PYTHON_NO_TASK) {
		add_future(members, future);
		return;
	}
	if (members->depth == 0)
		members->pending++;
	add_task(members, index);
}

static void list_items(struct members *members, uint64_t items, size_t nr)
{
	uint64_t list[ITEMS];

	for (size_t at = 0;
	     at < nr && members->asyncio->nr_followed < PYTHON_FOLLOWED_MAX;
	     at += ITEMS) {
		size_t count = nr - at < ITEMS ? nr - at : ITEMS;

		if (!memory_read(&members->python->reader.mem, items + 8 * at, list,
				 8 * count)) {
			members->task->open = true;
			return;
		}
		for (size_t i = 0; i < count; i++)
			add_member(members, list[i]);
	}
}

/* Takes a list, a tuple or a set. */
static void list_children(struct members *members, uint64_t container)
{
	struct python_reader *reader = &members->python->reader;
	uint64_t items, item;
	ssize_t nr = python_items(reader, container, &items);
	size_t at = 0, count = 0;

	if (nr > (ssize_t)CHILDREN_MOST) {
		members->task->open = true;
		nr = CHILDREN_MOST;
	}
	if (nr >= 0) {
		list_items(members, items, (size_t)nr);
		return;
	}
	for (; count < CHILDREN_MOST &&
	       members->asyncio->nr_followed < PYTHON_FOLLOWED_MAX &&
	       (item = python_set_next(reader, container, &at));
	     count++)
		add_member(members, item);
	members->task->open |= count == CHILDREN_MOST;
}

/* Sets what the task waits for. One that is alone is its owner. */
static struct members take_members(struct python *python, struct python_asyncio *asyncio,
				   struct python_task *task, uint64_t container, bool any)
{
	struct members members = {.python = python, .asyncio = asyncio, .task = task};

	task->any = any;
	task->open = false;
	task->nr_members = 0;
	task->first_member = (uint32_t)asyncio->out.nr_members;
	list_children(&members, container);
	task->open |= asyncio->nr_followed >= PYTHON_FOLLOWED_MAX;
	if (task->nr_members == 1 && !(any && task->open)) {
		python_task_awaits(task, asyncio->out.members[task->first_member]);
		asyncio->out.nr_members--;
		task->nr_members = 0;
	}
	return members;
}

static void say_members(struct python_asyncio *asyncio, struct python_task *task,
			const char *what, const struct members *members)
{
	const struct python_task *first = &asyncio->out.list[task->owner];

	if (members->nr == 0)
		return;
	if (members->pending == 1 && task->owner != PYTHON_NO_TASK)
		python_task_say(asyncio, task, "waitgroup",
				"%s of %u, waits for %.*s, c%llu", what, members->nr,
				PYTHON_NAME_SHOWN, first->name,
				(unsigned long long)first->id);
	else
		python_task_say(asyncio, task, "waitgroup", "%s of %u, %u not done%s",
				what, members->nr, members->pending,
				task->any ? ", any is enough" : "");
}

void python_task_describe_gather(struct python *python, struct python_asyncio *asyncio,
				 struct python_task *task)
{
	struct members members = take_members(
		python, asyncio, task,
		python_field(&python->reader, task->waiter, "_children"), false);

	task->state = STATE_WAITGROUP;
	task->object = task->waiter;
	say_members(asyncio, task, "gather", &members);
}

void python_task_describe_group(struct python *python, struct python_asyncio *asyncio,
				struct python_task *task)
{
	struct members members = take_members(
		python, asyncio, task,
		python_field(&python->reader, task->object, "_tasks"), false);

	say_members(asyncio, task, "task group", &members);
}

/* wait() returns when all have ended, or one has failed, or as soon as one has ended. */
void python_task_describe_wait(struct python *python, struct python_asyncio *asyncio,
			       struct python_task *task, const struct python_frame *frame)
{
	bool any = python_text_equals(&python->reader,
				      python_frame_shared(python, frame, "return_when"),
				      "FIRST_COMPLETED");
	struct members members = take_members(
		python, asyncio, task, python_frame_variable(python, frame, "fs"), any);

	task->limited |=
		python_frame_variable(python, frame, "timeout") != python->reader.none;
	task->object = 0;
	say_members(asyncio, task, "wait", &members);
}

/* Up to 3.12 the tasks cannot be found from here. */
void python_task_describe_completed(struct python *python, struct python_asyncio *asyncio,
				    struct python_task *task,
				    const struct python_frame *frame)
{
	struct python_reader *reader = &python->reader;
	uint64_t left = reader->layout.minor >= 13
				? python_attribute(reader, frame->first, "_todo")
				: 0;
	struct members members = take_members(python, asyncio, task, left, true);
	uint64_t timer =
		left ? python_attribute(reader, frame->first, "_timeout_handle") : 0;

	task->limited |= timer && timer != reader->none;
	task->object = 0;
	if (members.nr > 0)
		say_members(asyncio, task, "as_completed", &members);
	else
		python_task_say(asyncio, task, "waitgroup",
				"as_completed, any of several");
}

void python_task_describe_task(struct python_asyncio *asyncio, struct python_task *task)
{
	uint32_t owner = python_task_at(asyncio, task->waiter);
	const struct python_task *other = &asyncio->out.list[owner];

	task->state = STATE_JOIN;
	task->object = task->waiter;
	python_task_awaits(task, owner);
	if (owner == PYTHON_NO_TASK)
		python_task_say(asyncio, task, "task", "task 0x%llx",
				(unsigned long long)task->waiter);
	else
		python_task_say(asyncio, task, "task", "task %.*s, c%llu",
				PYTHON_NAME_SHOWN, other->name,
				(unsigned long long)other->id);
}

/* A thread of an executor has a function that is told if its result is not needed. */
void python_task_describe_future(struct python *python, struct python_asyncio *asyncio,
				 struct python_task *task)
{
	uint64_t shields = shielded(python, task->waiter), callback;
	uint32_t inner = shields ? python_task_at(asyncio, shields) : PYTHON_NO_TASK;
	const struct python_task *other = &asyncio->out.list[inner];

	task->object = task->waiter;
	task->state = STATE_JOIN;
	task->settled = !shields;
	if (inner != PYTHON_NO_TASK) {
		python_task_awaits(task, inner);
		python_task_say(asyncio, task, "task", "task %.*s, c%llu, by shield()",
				PYTHON_NAME_SHOWN, other->name,
				(unsigned long long)other->id);
	} else if (python_word(&python->reader, task->waiter + CALLBACK, &callback) &&
		   python_is_function(python, callback, "_call_check_cancel")) {
		python_task_say(asyncio, task, "thread", "work in another thread");
	} else {
		task->state = STATE_WAITGROUP;
		python_task_say(asyncio, task, "waitgroup", "future 0x%llx",
				(unsigned long long)task->waiter);
	}
}
