/* SPDX-License-Identifier: MIT */
/*
 * queue.SimpleQueue is written in C, so no Python function says that a thread waits in it.
 * The function that called its get() has the queue among its values; values that are left
 * over do no harm, because the queue must have the very lock that the thread sleeps on.
 */
#include <stdio.h>

#include "source/python/wait.h"

#define VALUES_MOST 40u /* variables and values of the function */
#define QUEUE_LOCK  16u /* of a queue; from 3.13 on, waiters park on this address */
#define METHOD_SELF 24u
#define PARKED_AT   8u /* bytes before the word that a parked thread sleeps on */
#define PARKS_MINOR 13
#define TAG_BITS    3ull

static bool waits_in(struct python *python, uint64_t object, uint64_t futex)
{
	bool parks = python->reader.layout.minor >= PARKS_MINOR;
	char name[PYTHON_NAME_MAX];
	uint64_t word;

	return python_name_of_type(&python->reader, object, name) &&
	       strcmp(name, "_queue.SimpleQueue") == 0 &&
	       python_word(&python->reader,
			   parks ? futex - PARKED_AT : object + QUEUE_LOCK, &word) &&
	       word == (parks ? object + QUEUE_LOCK : futex);
}

/* The value itself, or what it is a method of. */
static uint64_t find_queue(struct python *python, uint64_t value, uint64_t futex)
{
	char name[PYTHON_NAME_MAX];
	uint64_t self;

	if (waits_in(python, value, futex))
		return value;
	return python_name_of_type(&python->reader, value, name) &&
			       (strcmp(name, "builtin_function_or_method") == 0 ||
				strcmp(name, "builtin_method") == 0) &&
			       python_word(&python->reader, value + METHOD_SELF, &self) &&
			       waits_in(python, self, futex)
		       ? self
		       : 0;
}

bool python_wait_simple_queue(struct python *python, const struct python_frame *frame,
			      uint64_t futex, struct python_wait *out)
{
	const struct python_layout *layout = &python->reader.layout;
	uint64_t values[VALUES_MOST];
	size_t nr = memory_read_some(&python->reader.mem,
				     frame->address + (uint64_t)layout->frame_locals,
				     values, sizeof(values)) /
		    sizeof(values[0]);

	for (size_t i = 0; i < nr; i++) {
		uint64_t object = find_queue(
			python, layout->minor >= 14 ? values[i] & ~TAG_BITS : values[i],
			futex);

		if (!object)
			continue;
		out->state = STATE_CHAN_RECV;
		out->kind = "channel";
		out->address = object;
		snprintf(out->text, sizeof(out->text), "SimpleQueue 0x%llx",
			 (unsigned long long)object);
		return true;
	}
	return false;
}
