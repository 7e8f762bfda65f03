/* SPDX-License-Identifier: MIT */
/*
 * An async with statement keeps the method __aexit__ of what it has entered among the values
 * of its frame: up to 3.13 bound to the object, later with the object behind it. So the holder
 * of an asyncio.Lock is known, and which tasks are inside of a timeout.
 */
#include <stdlib.h>

#include "base/array.h"
#include "base/hash.h"
#include "base/order.h"
#include "source/python/asyncio_object.h"
#include "source/python/held.h"
#include "source/python/wait_rules.h"

#define VALUES_MOST     65536u
#define VALUES_MAX      8u /* of a frame */
#define VALUES_BYTES    (VALUES_MAX * 8u)
#define OBJECT_BYTES    32u
#define OB_TYPE         8u
#define METHOD_FUNCTION 16u
#define METHOD_SELF     24u
#define TAGGED_MINOR    14
#define TAG_BITS        3ull
#define KINDS_KEPT      64u
#define CODE_UNIT       2u

enum entered { ENTERED_OTHER, ENTERED_LOCK, ENTERED_CONDITION, ENTERED_LIMIT };

/* A value that lives: a method, or what a method is called on. */
struct value {
	uint64_t object, method;
	uint32_t task, frame; /* of the task, innermost first */
};

struct scan {
	struct python *python;
	struct python_asyncio *asyncio;
	struct value *values;
	size_t nr, capacity;
	struct {
		uint64_t type;
		enum entered kind;
	} kinds[KINDS_KEPT];
};

/* Values of a frame to read. */
struct plan {
	uint32_t task, frame, live;
};

static enum entered kind_of(struct scan *scan, uint64_t type)
{
	size_t at = hash_mix(type, 0) % KINDS_KEPT;
	char name[PYTHON_NAME_MAX];

	if (scan->kinds[at].type == type)
		return scan->kinds[at].kind;
	if (!python_type_name(&scan->python->reader, type, name))
		return ENTERED_OTHER;
	scan->kinds[at].type = type;
	scan->kinds[at].kind = strcmp(name, "Lock") == 0        ? ENTERED_LOCK
			       : strcmp(name, "Condition") == 0 ? ENTERED_CONDITION
			       : !strcmp(name, "Timeout") || !strcmp(name, "CancelScope")
				       ? ENTERED_LIMIT
				       : ENTERED_OTHER;
	return scan->kinds[at].kind;
}

static void push_value(struct scan *scan, uint64_t object, uint64_t method,
		       const struct plan *plan)
{
	if (python_plausible(object) &&
	    array_reserve_most(&scan->values, &scan->capacity, scan->nr + 1, VALUES_MOST))
		scan->values[scan->nr++] =
			(struct value){object, method, plan->task, plan->frame};
}

/* Asks for the values of all frames that have some which live. */
static size_t plan_frames(struct scan *scan, struct plan **plans)
{
	struct python *python = scan->python;
	const struct python_tasks *out = &scan->asyncio->out;
	size_t nr = 0, capacity = 0;

	for (size_t i = 0; i < out->nr; i++) {
		const struct python_task *task = &out->list[i];

		for (uint32_t f = 0; f < task->nr_frames && !task->moved; f++) {
			struct python_frame frame = out->frames[task->first_frame + f];
			uint64_t address;
			uint32_t live;

			/* Up to 3.12 the instruction is the one that has suspended it. That
			 * has a handler of its own, also while a lock is being entered. */
			if (python->reader.layout.minor <= 12 && !task->running)
				frame.instruction += CODE_UNIT;
			live = python_frame_values(python, &frame, &address);

			if (live == 0)
				continue;
			if (!python_gather_reserve(python, nr) ||
			    !array_reserve(plans, &capacity, nr + 1))
				return nr;
			(*plans)[nr] = (struct plan){
				(uint32_t)i, f, live < VALUES_MAX ? live : VALUES_MAX};
			python->items[nr] =
				(struct memory_item){address, (uint32_t)nr, false};
			nr++;
		}
	}
	return nr;
}

static void take_values(struct scan *scan, const uint8_t *bytes, const struct plan *plan)
{
	bool tagged = scan->python->reader.layout.minor >= TAGGED_MINOR;

	for (uint32_t k = 0; k < plan->live; k++) {
		uint64_t value = load_u64(bytes + k * 8);

		if (!tagged)
			push_value(scan, value, 0, plan);
		else if (k > 0)
			push_value(scan, value & ~TAG_BITS,
				   load_u64(bytes + (k - 1) * 8) & ~TAG_BITS, plan);
	}
}

static void read_values(struct scan *scan)
{
	struct python *python = scan->python;
	struct plan *plans = NULL;
	size_t nr = plan_frames(scan, &plans);

	if (nr > 0 && python_gather(python, nr, VALUES_BYTES))
		for (size_t i = 0; i < nr; i++) {
			const struct memory_item *item = &python->items[i];

			if (item->ok)
				take_values(scan,
					    python->bytes +
						    (size_t)item->index * VALUES_BYTES,
					    &plans[item->index]);
		}
	free(plans);
}

/* Up to 3.13: replaces methods by what they are bound to. */
static void unbind(struct scan *scan)
{
	struct python *python = scan->python;
	size_t nr = scan->nr, kept = 0;

	if (!python_gather_reserve(python, nr))
		return;
	for (size_t i = 0; i < nr; i++)
		python->items[i] =
			(struct memory_item){scan->values[i].object, (uint32_t)i, false};
	if (nr == 0 || !python_gather(python, nr, OBJECT_BYTES))
		return;
	for (size_t i = 0; i < nr; i++) {
		const struct memory_item *item = &python->items[i];
		const uint8_t *bytes = python->bytes + (size_t)item->index * OBJECT_BYTES;
		struct value *value = &scan->values[item->index];

		value->method = value->object;
		value->object = item->ok && python_is_type(&python->reader,
							   load_u64(bytes + OB_TYPE),
							   PYTHON_METHOD)
					? load_u64(bytes + METHOD_SELF)
					: 0;
	}
	for (size_t i = 0; i < nr; i++)
		if (python_plausible(scan->values[i].object))
			scan->values[kept++] = scan->values[i];
	scan->nr = kept;
}

/* A task that waits for a condition has given its lock away, or asks for it again. Returns
 * that lock, or 0. */
static uint64_t find_given(struct scan *scan, const struct python_task *task)
{
	const struct python_frame *frames = scan->asyncio->out.frames + task->first_frame;

	for (uint32_t f = 0; f < task->nr_frames; f++)
		if (python_is_call(scan->python, &frames[f], "asyncio/locks.py",
				   "Condition.wait"))
			return python_attribute(&scan->python->reader, frames[f].first,
						"_lock");
	return 0;
}

static void add_lock(struct scan *scan, uint64_t object, const struct value *value)
{
	struct python_asyncio *asyncio = scan->asyncio;
	const struct python_task *task = &asyncio->out.list[value->task];

	if (object && object != find_given(scan, task) &&
	    !python_may_release(scan->python, asyncio->out.frames + task->first_frame,
				value->frame + 1) &&
	    array_reserve_most(&asyncio->locks, &asyncio->cap_locks,
			       asyncio->nr_locks + 1, VALUES_MOST))
		asyncio->locks[asyncio->nr_locks++] =
			(struct python_task_lock){object, value->task};
}

/* From 3.14 on a value that happens to lie there could be taken for one that was
 * entered. */
static bool is_function(struct scan *scan, uint64_t object)
{
	char name[PYTHON_NAME_MAX];

	return scan->python->reader.layout.minor < TAGGED_MINOR ||
	       (python_name_of_type(&scan->python->reader, object, name) &&
		strcmp(name, "function") == 0);
}

/* Of a method, which up to 3.13 is bound. */
static uint64_t function_of(struct scan *scan, const struct value *value)
{
	uint64_t function = value->method;

	if (scan->python->reader.layout.minor < TAGGED_MINOR &&
	    !python_word(&scan->python->reader, value->method + METHOD_FUNCTION,
			 &function))
		return 0;
	return function;
}

static void take_entered(struct scan *scan, const struct value *value, enum entered kind)
{
	struct python_task *task = &scan->asyncio->out.list[value->task];

	if (kind == ENTERED_OTHER || !is_function(scan, value->method))
		return;
	if (kind == ENTERED_LIMIT)
		task->limited = true;
	else if (kind == ENTERED_LOCK)
		add_lock(scan, value->object, value);
	else if (python_is_of_library(scan->python, function_of(scan, value)))
		add_lock(scan,
			 python_attribute(&scan->python->reader, value->object, "_lock"),
			 value);
}

static void classify(struct scan *scan)
{
	struct python *python = scan->python;
	size_t nr = scan->nr;

	if (!python_gather_reserve(python, nr))
		return;
	for (size_t i = 0; i < nr; i++)
		python->items[i] =
			(struct memory_item){scan->values[i].object, (uint32_t)i, false};
	if (nr == 0 || !python_gather(python, nr, 16))
		return;
	for (size_t i = 0; i < nr; i++) {
		const struct memory_item *item = &python->items[i];
		uint64_t type =
			load_u64(python->bytes + (size_t)item->index * 16 + OB_TYPE);

		if (item->ok)
			take_entered(scan, &scan->values[item->index],
				     kind_of(scan, type));
	}
}

void python_asyncio_entered(struct python *python, struct python_asyncio *asyncio)
{
	struct scan scan = {.python = python, .asyncio = asyncio};

	asyncio->nr_locks = 0;
	read_values(&scan);
	if (python->reader.layout.minor < TAGGED_MINOR)
		unbind(&scan);
	classify(&scan);
	free(scan.values);
	if (asyncio->nr_locks > 1)
		qsort(asyncio->locks, asyncio->nr_locks, sizeof(*asyncio->locks),
		      order_u64);
}

uint32_t python_task_holder(const struct python_asyncio *asyncio, uint64_t lock)
{
	size_t nr = asyncio->nr_locks;
	size_t at = nr ? ORDER_COUNT_BELOW(asyncio->locks, nr, object, lock) : 0;

	if (at == nr || asyncio->locks[at].object != lock)
		return PYTHON_NO_TASK;
	/* Two tasks cannot hold one lock: one of them was read while it ran. */
	for (size_t i = at + 1; i < nr && asyncio->locks[i].object == lock; i++)
		if (asyncio->locks[i].task != asyncio->locks[at].task)
			return PYTHON_NO_TASK;
	return asyncio->locks[at].task;
}
