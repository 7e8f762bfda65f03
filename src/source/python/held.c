/* SPDX-License-Identifier: MIT */
/*
 * A with statement keeps the method __exit__ of its lock among the values of its frame, below
 * those that the handler of an exception would drop: up to 3.13 bound to the lock, later
 * with the lock behind it. Values above those may be left over, and are not looked at.
 */
#include "source/python/held.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/order.h"
#include "source/python/wait_rules.h"

#define VALUES_MAX      16u  /* of a frame */
#define BATCH           256u /* frames */
#define CANDIDATES_MAX  4096u
#define METHOD_DEF      16u
#define METHOD_FUNCTION 16u /* of a method in Python */
#define METHOD_SELF     24u
#define TAGGED_MINOR    14
#define TAG_BITS        3ull

struct python_holders {
	struct python_held *list; /* sorted by key */
	size_t nr, capacity;
	uint32_t look; /* in which they were read */
	/* Frames of a batch, with their values. */
	struct memory_span spans[BATCH];
	pid_t tids[BATCH];
	uint64_t given[BATCH]; /* the lock that the thread has given away, or 0 */
	/* Of the thread, from the innermost one to the one with the values. */
	const struct python_frame *frames[BATCH];
	uint32_t nr_inner[BATCH];
	uint64_t values[BATCH][VALUES_MAX];
	size_t nr_frames;
};

void python_holders_free(struct python_holders *holders)
{
	if (!holders)
		return;
	free(holders->list);
	free(holders);
}

bool python_may_release(struct python *python, const struct python_frame *frames,
			uint32_t nr)
{
	for (uint32_t i = 0; i < nr; i++)
		if ((i + 1 == nr || !frames[i].code->library) &&
		    python_code_releases(frames[i].code, &python->reader))
			return true;
	return false;
}

/* index: of the frame in the batch. */
static void add_lock(struct python *python, uint64_t object, size_t index)
{
	struct python_holders *holders = python->holders;
	struct python_lock lock;

	if (object == holders->given[index] || !python_lock_read(python, object, &lock) ||
	    lock.free ||
	    (lock.kind == PYTHON_LOCK &&
	     python_may_release(python, holders->frames[index],
				holders->nr_inner[index])) ||
	    !array_reserve_most(&holders->list, &holders->capacity, holders->nr + 1,
				CANDIDATES_MAX))
		return;
	holders->list[holders->nr++] =
		(struct python_held){lock.key, object, holders->tids[index]};
}

bool python_is_of_library(struct python *python, uint64_t function)
{
	const struct python_code *code =
		python_codes_get(&python->codes, &python->reader,
				 python_function_code(&python->reader, function));

	return code && code->library;
}

static bool is_exit(struct python *python, uint64_t method)
{
	char name[sizeof("__exit__")] = "";
	uint64_t def, text;

	return python_word(&python->reader, method + METHOD_DEF, &def) &&
	       python_word(&python->reader, def, &text) &&
	       memory_read(&python->reader.mem, text, name, sizeof(name)) &&
	       strcmp(name, "__exit__") == 0;
}

/* What a bound method is a method of: a lock, or a condition, which has one. */
static void take_method(struct python *python, uint64_t value, size_t index)
{
	uint64_t self, function, type = python_type_of(&python->reader, value);
	char name[PYTHON_NAME_MAX];

	if (python_is_type(&python->reader, type, PYTHON_FUNCTION_OF_C)) {
		if (python_word(&python->reader, value + METHOD_SELF, &self) &&
		    is_exit(python, value))
			add_lock(python, self, index);
	} else if (python_is_type(&python->reader, type, PYTHON_METHOD)) {
		if (python_word(&python->reader, value + METHOD_SELF, &self) &&
		    python_name_of_type(&python->reader, self, name) &&
		    strcmp(name, "Condition") == 0 &&
		    python_word(&python->reader, value + METHOD_FUNCTION, &function) &&
		    python_is_of_library(python, function))
			add_lock(python, python_attribute(&python->reader, self, "_lock"),
				 index);
	}
}

/* From 3.14 on, the function and what it is called on are two values. */
static void take_pair(struct python *python, uint64_t value, uint64_t self, size_t index)
{
	if (python_is(&python->reader, value, PYTHON_METHOD_OF_C))
		add_lock(python, self, index);
}

static void read_batch(struct python *python)
{
	struct python_holders *holders = python->holders;
	bool tagged = python->reader.layout.minor >= TAGGED_MINOR;

	memory_read_spans(&python->reader.mem, holders->spans, holders->nr_frames);
	for (size_t i = 0; i < holders->nr_frames; i++) {
		const uint64_t *values = holders->values[i];
		size_t nr = holders->spans[i].ok ? holders->spans[i].bytes / 8 : 0;

		for (size_t k = 0; k < nr; k++) {
			if (!tagged)
				take_method(python, values[k], i);
			else if (k + 1 < nr)
				take_pair(python, values[k] & ~TAG_BITS,
					  values[k + 1] & ~TAG_BITS, i);
		}
	}
	holders->nr_frames = 0;
}

uint32_t python_frame_values(struct python *python, const struct python_frame *frame,
			     uint64_t *address)
{
	const struct python_layout *layout = &python->reader.layout;
	uint32_t nr = frame->nr_values;

	*address = frame->values;
	if (layout->minor >= 11) {
		*address = frame->address + (uint64_t)layout->frame_locals +
			   8ull * frame->code->nr_locals;
		nr = python_code_values(&python->codes, frame->code, &python->reader,
					frame->instruction);
	}
	return nr;
}

/* index: of the frame that may hold a lock, among those of its thread. */
static void add_frame(struct python *python, const struct python_frame *frames,
		      uint32_t index, pid_t tid, uint64_t given)
{
	struct python_holders *holders = python->holders;
	const struct python_frame *frame = &frames[index];
	uint64_t address;
	uint32_t nr = python_frame_values(python, frame, &address);

	if (nr == 0)
		return;
	if (nr > VALUES_MAX)
		nr = VALUES_MAX;
	holders->tids[holders->nr_frames] = tid;
	holders->given[holders->nr_frames] = given;
	holders->frames[holders->nr_frames] = frames;
	holders->nr_inner[holders->nr_frames] = index + 1;
	holders->spans[holders->nr_frames] = (struct memory_span){
		address, holders->values[holders->nr_frames], nr * 8, false};
	if (++holders->nr_frames == BATCH)
		read_batch(python);
}

/* A thread that waits for a condition has given its lock away, inside the with statement
 * that took it. */
static uint64_t find_given(struct python *python, const struct python_frame *frames,
			   uint32_t nr_frames)
{
	for (uint32_t f = 0; f < nr_frames; f++)
		if (python_is_call(python, &frames[f], "threading.py", "Condition.wait"))
			return python_attribute(&python->reader, frames[f].first,
						"_lock");
	return 0;
}

static void read_holders(struct python *python)
{
	for (size_t i = 0; i < python->nr_threads; i++) {
		const struct python_thread *thread = &python->threads[i];

		const struct python_frame *frames = python->frames + thread->first_frame;
		uint64_t given = find_given(python, frames, thread->nr_frames);

		for (uint32_t f = 0; f < thread->nr_frames; f++)
			add_frame(python, frames, f, thread->tid, given);
	}
	read_batch(python);
	if (python->holders->nr > 1)
		qsort(python->holders->list, python->holders->nr,
		      sizeof(*python->holders->list), order_u64);
}

const struct python_held *python_held_find(struct python *python, uint64_t key)
{
	struct python_holders *holders = python->holders;
	size_t at;

	if (!holders)
		holders = python->holders = calloc(1, sizeof(*holders));
	if (!holders)
		return NULL;
	if (holders->look != python->looks) {
		holders->look = python->looks;
		holders->nr = 0;
		read_holders(python);
	}
	at = holders->nr ? ORDER_COUNT_BELOW(holders->list, holders->nr, key, key) : 0;
	if (at == holders->nr || holders->list[at].key != key)
		return NULL;
	/* Two threads cannot hold one lock: one of the frames was read while it ran. */
	for (size_t i = at + 1; i < holders->nr && holders->list[i].key == key; i++)
		if (holders->list[i].tid != holders->list[at].tid)
			return NULL;
	return &holders->list[at];
}
