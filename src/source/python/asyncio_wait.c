/* SPDX-License-Identifier: MIT */
/*
 * What a task waits for. If the future that asyncio waits for is a task, or stands for
 * several, that is the answer. Otherwise the innermost function of the standard library, or
 * of a package, which is in the table of rules says it.
 */
#include "base/array.h"
#include "source/python/asyncio_object.h"
#include "source/python/wait_rules.h"

#define FRAMES_MOST 32u
#define OB_TYPE     8u

static bool is_outer(const struct python_rule *rule)
{
	return rule->how == PYTHON_BY_OUTER;
}

/* Some functions are made of others: the outermost of those says most. */
static const struct python_rule *find_rule(struct python *python,
					   const struct python_frame *frames, uint32_t nr,
					   const struct python_frame **frame)
{
	const struct python_rule *found = NULL;

	for (uint32_t i = 0; i < nr && i < FRAMES_MOST && frames[i].code->library; i++) {
		const struct python_rule *rule =
			python_rule_find(python, &frames[i], PYTHON_BY_OUTER);

		if (!rule && !found)
			rule = python_rule_find(python, &frames[i], PYTHON_BY_TASK);
		if (rule && (!found || is_outer(rule))) {
			found = rule;
			*frame = &frames[i];
		}
	}
	return found;
}

/* Future and Task begin in the same way. Other objects that are awaited like a future are
 * not read. */
static void take_waiter(struct python *python, struct python_asyncio *asyncio,
			struct python_task *task, const uint8_t *bytes)
{
	enum python_awaitable kind =
		python_awaitable(python, asyncio, load_u64(bytes + OB_TYPE));
	bool known = kind == PYTHON_IS_TASK || kind == PYTHON_IS_FUTURE ||
		     kind == PYTHON_IS_GATHER;

	task->waits_for = (int)kind;
	if (known && load_u32(bytes + python->reader.layout.task_state) != 0)
		task->state = STATE_RUNNABLE;
}

static void read_waiters(struct python *python, struct python_asyncio *asyncio)
{
	size_t bytes = (size_t)python->reader.layout.task_state + 4, nr = 0;
	struct python_tasks *out = &asyncio->out;

	if (!python_gather_reserve(python, out->nr))
		return;
	for (size_t i = 0; i < out->nr; i++) {
		struct python_task *task = &out->list[i];

		task->state = task->running   ? STATE_RUNNING
			      : !task->waiter ? STATE_RUNNABLE
					      : STATE_UNKNOWN;
		if (task->state == STATE_UNKNOWN)
			python->items[nr++] =
				(struct memory_item){task->waiter, (uint32_t)i, false};
	}
	if (nr == 0 ||
	    !array_reserve(&python->bytes, &python->cap_bytes, out->nr * bytes))
		return;
	memory_gather_read(&python->reader.mem, &python->reader.gather, python->items, nr,
			   python->bytes, bytes);
	for (size_t i = 0; i < nr; i++) {
		const struct memory_item *item = &python->items[i];

		if (item->ok)
			take_waiter(python, asyncio, &out->list[item->index],
				    python->bytes + (size_t)item->index * bytes);
	}
}

static void explain(struct python *python, struct python_asyncio *asyncio,
		    struct python_task *task)
{
	const struct python_frame *frame = NULL;
	const struct python_rule *rule;

	if (python_task_keep(python, asyncio, task))
		return;
	rule = find_rule(python, asyncio->out.frames + task->first_frame, task->nr_frames,
			 &frame);
	if (task->waits_for == PYTHON_IS_TASK ||
	    python_task_at(asyncio, task->waiter) != PYTHON_NO_TASK) {
		python_task_describe_task(asyncio, task);
	} else if (task->waits_for == PYTHON_IS_GATHER) {
		python_task_describe_gather(python, asyncio, task);
	} else if (rule) {
		task->state = rule->state;
		python_task_describe(python, asyncio, task, frame, rule->object);
	} else {
		python_task_describe_future(python, asyncio, task);
	}
}

void python_asyncio_waits(struct python *python, struct python_asyncio *asyncio)
{
	struct python_tasks *out = &asyncio->out;

	read_waiters(python, asyncio);
	python_asyncio_entered(python, asyncio);
	out->nr_members = 0;
	asyncio->nr_followed = 0;
	for (size_t i = 0; i < out->nr; i++)
		if (!out->list[i].running && out->list[i].waiter &&
		    out->list[i].state != STATE_RUNNABLE)
			explain(python, asyncio, &out->list[i]);
}
