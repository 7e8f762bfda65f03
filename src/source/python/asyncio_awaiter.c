/* SPDX-License-Identifier: MIT */
/*
 * Who awaits a task. From 3.14 on asyncio keeps that with each task and future, also for
 * the parent of a task group; before, it follows from what the others wait for.
 */
#include <stdlib.h>

#include "base/array.h"
#include "source/python/asyncio_object.h"

#define AWAITERS_MOST 1048576u
#define OF_ONE_MOST   4096u
#define DEPTH_MOST    4u

struct awaiters {
	struct python *python;
	struct python_asyncio *asyncio;
	uint64_t future; /* the last one that was followed, with whom it led to */
	uint32_t first, nr;
};

static bool push(struct python_tasks *out, uint32_t index)
{
	if (!array_reserve_most(&out->awaiters, &out->cap_awaiters, out->nr_awaiters + 1,
				AWAITERS_MOST))
		return false;
	out->awaiters[out->nr_awaiters++] = index;
	return true;
}

static void follow(struct awaiters *a, uint64_t object, bool set, unsigned depth);

/* A future, such as that of a gather, is awaited by others itself. */
static void take(struct awaiters *a, uint64_t object, unsigned depth)
{
	struct python_reader *reader = &a->python->reader;
	uint32_t index = python_task_at(a->asyncio, object);
	enum python_awaitable kind;
	uint64_t awaited_by;
	uint8_t set;

	if (a->asyncio->nr_followed >= PYTHON_FOLLOWED_MAX)
		return;
	a->asyncio->nr_followed += index == PYTHON_NO_TASK ? PYTHON_FOLLOWED_FUTURE : 1;
	if (index != PYTHON_NO_TASK) {
		push(&a->asyncio->out, index);
		return;
	}
	kind = python_awaitable(a->python, a->asyncio, python_type_of(reader, object));
	if (depth < DEPTH_MOST &&
	    (kind == PYTHON_IS_FUTURE || kind == PYTHON_IS_GATHER) &&
	    python_word(reader, object + (uint64_t)reader->layout.task_awaited_by,
			&awaited_by) &&
	    memory_read(&reader->mem,
			object + (uint64_t)reader->layout.task_awaited_by_set, &set, 1))
		follow(a, awaited_by, set != 0, depth + 1);
}

static void follow(struct awaiters *a, uint64_t object, bool set, unsigned depth)
{
	struct python_tasks *out = &a->asyncio->out;
	size_t at = 0, first = out->nr_awaiters;
	uint64_t item;

	if (!python_plausible(object))
		return;
	if (!set) {
		take(a, object, depth);
		return;
	}
	while (out->nr_awaiters - first < OF_ONE_MOST && at < OF_ONE_MOST &&
	       a->asyncio->nr_followed < PYTHON_FOLLOWED_MAX &&
	       (item = python_set_next(&a->python->reader, object, &at)))
		take(a, item, depth);
}

/* Many tasks may be awaited by one future. */
static void read_published(struct awaiters *a, struct python_task *task)
{
	struct python_tasks *out = &a->asyncio->out;

	task->first_awaiter = (uint32_t)out->nr_awaiters;
	if (!task->awaited_by_set && task->awaited_by && task->awaited_by == a->future) {
		task->first_awaiter = a->first;
		task->nr_awaiters = a->nr;
		return;
	}
	follow(a, task->awaited_by, task->awaited_by_set, 0);
	task->nr_awaiters = (uint32_t)out->nr_awaiters - task->first_awaiter;
	if (!task->awaited_by_set && task->awaited_by) {
		a->future = task->awaited_by;
		a->first = task->first_awaiter;
		a->nr = task->nr_awaiters;
	}
}

/* Calls `visit` for each task that another one awaits. */
static void each(struct python_tasks *out,
		 void (*visit)(struct python_tasks *out, uint32_t task, uint32_t awaiter))
{
	for (uint32_t i = 0; i < out->nr; i++) {
		const struct python_task *task = &out->list[i];

		if (task->awaits)
			visit(out, task->owner, i);
		for (uint32_t m = 0; m < task->nr_members; m++)
			visit(out, out->members[task->first_member + m], i);
	}
}

static void count(struct python_tasks *out, uint32_t task, uint32_t awaiter)
{
	(void)awaiter;
	out->list[task].nr_awaiters++;
	out->nr_awaiters++;
}

static void put(struct python_tasks *out, uint32_t task, uint32_t awaiter)
{
	struct python_task *awaited = &out->list[task];

	out->awaiters[awaited->first_awaiter + awaited->nr_awaiters++] = awaiter;
}

static void derive(struct python_tasks *out)
{
	uint32_t first = 0;

	each(out, count);
	if (!array_reserve(&out->awaiters, &out->cap_awaiters, out->nr_awaiters + 1)) {
		for (size_t i = 0; i < out->nr; i++)
			out->list[i].nr_awaiters = 0;
		return;
	}
	for (size_t i = 0; i < out->nr; i++) {
		out->list[i].first_awaiter = first;
		first += out->list[i].nr_awaiters;
		out->list[i].nr_awaiters = 0;
	}
	each(out, put);
}

/* Tasks of classes in Python are not told by whom they are awaited. */
static void add_unpublished(struct python_tasks *out)
{
	for (uint32_t i = 0; i < out->nr; i++) {
		struct python_task *owner =
			out->list[i].awaits ? &out->list[out->list[i].owner] : NULL;

		if (!owner || !owner->other || owner->nr_awaiters > 0)
			continue;
		owner->first_awaiter = (uint32_t)out->nr_awaiters;
		owner->nr_awaiters = push(out, i);
	}
}

void python_asyncio_awaiters(struct python *python, struct python_asyncio *asyncio)
{
	struct awaiters a = {.python = python, .asyncio = asyncio};
	struct python_tasks *out = &asyncio->out;

	out->nr_awaiters = 0;
	asyncio->nr_followed = 0;
	if (!asyncio->published) {
		derive(out);
		return;
	}
	for (size_t i = 0; i < out->nr; i++)
		read_published(&a, &out->list[i]);
	add_unpublished(out);
}
