/* SPDX-License-Identifier: MIT */
/*
 * What a task waits for. If the future that asyncio waits for is a task, or stands for
 * several, that is the answer. Otherwise the innermost function of the standard library, or
 * of a package, which is in the table of rules says it.
 */
#include "base/array.h"
#include "source/python/asyncio_object.h"
#include "source/python/wait_rules.h"

#define FRAMES_MOST    32u
#define OB_TYPE        8u
/* Of a future: what its end will call, first and then. */
#define CALLBACK       24u
#define CALLBACKS      40u
#define FUTURE_BYTES   48u
#define WRAPPER_TASK   16u
#define FUNCTION_SELF  24u
#define FUNCTION_BYTES 32u

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

/* Whether this is a task's function for its wake-up: a wrapper, or a built-in function, or a
 * method of the task. */
static bool wakes(const struct python_task *task, const uint8_t *function)
{
	return load_u64(function + WRAPPER_TASK) == task->address ||
	       load_u64(function + FUNCTION_SELF) == task->address;
}

/* Reads python->items, whose indices are those of tasks. Returns false if there are none, or
 * no memory. */
static bool read_of_tasks(struct python *python, const struct python_asyncio *asyncio,
			  size_t nr, size_t bytes)
{
	if (nr == 0 ||
	    !array_reserve(&python->bytes, &python->cap_bytes, asyncio->out.nr * bytes))
		return false;
	memory_gather_read(&python->reader.mem, &python->reader.gather, python->items, nr,
			   python->bytes, bytes);
	return true;
}

/*
 * What is said of a task that waits for another one, or for several, follows from the type
 * of the future. If the end of that calls somebody else's function alone, the task has gone
 * on since it was read, and the future is a new one in the memory of the old one.
 */
static void check_callbacks(struct python *python, struct python_asyncio *asyncio,
			    size_t nr)
{
	struct python_tasks *out = &asyncio->out;

	if (!read_of_tasks(python, asyncio, nr, FUNCTION_BYTES))
		return;
	for (size_t i = 0; i < nr; i++) {
		const struct memory_item *item = &python->items[i];
		struct python_task *task = &out->list[item->index];

		if (item->ok &&
		    !wakes(task, python->bytes + (size_t)item->index * FUNCTION_BYTES))
			task->moved = true;
	}
}

/* The function to check, or 0. One behind others is not looked for. */
static uint64_t only_callback(const struct python_task *task, uint64_t none,
			      const uint8_t *future)
{
	uint64_t others = load_u64(future + CALLBACKS);

	return task->state != STATE_RUNNABLE &&
			       (task->waits_for == PYTHON_IS_GATHER ||
				task->waits_for == PYTHON_IS_TASK) &&
			       (others == 0 || others == none)
		       ? load_u64(future + CALLBACK)
		       : 0;
}

static void read_waiters(struct python *python, struct python_asyncio *asyncio)
{
	size_t bytes = (size_t)python->reader.layout.task_state + 4, nr = 0;
	size_t nr_callbacks = 0;
	struct python_tasks *out = &asyncio->out;

	if (bytes < FUTURE_BYTES)
		bytes = FUTURE_BYTES;
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
	if (!read_of_tasks(python, asyncio, nr, bytes))
		return;
	for (size_t i = 0; i < nr; i++) {
		const struct memory_item item = python->items[i];
		const uint8_t *future = python->bytes + (size_t)item.index * bytes;
		struct python_task *task = &out->list[item.index];
		uint64_t callback;

		if (!item.ok)
			continue;
		take_waiter(python, asyncio, task, future);
		callback = only_callback(task, python->reader.none, future);
		if (callback)
			python->items[nr_callbacks++] =
				(struct memory_item){callback, item.index, false};
	}
	check_callbacks(python, asyncio, nr_callbacks);
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
