/* SPDX-License-Identifier: MIT */
/* Which locks the with statements of all threads hold. */
#ifndef SOURCE_PYTHON_HELD_H
#define SOURCE_PYTHON_HELD_H

#include "source/python/lock.h"

struct python_held {
	uint64_t key, object; /* of the lock */
	pid_t tid;
};

/* Finds the with statement that holds the lock with this key, or returns NULL. Reads the
 * frames of all threads, once in each look. Valid until the next look. */
const struct python_held *python_held_find(struct python *python, uint64_t key);
/* How many values of the frame certainly live, and the address of the first one. */
uint32_t python_frame_values(struct python *python, const struct python_frame *frame,
			     uint64_t *address);
/* Whether what a with statement in the last of these frames has taken may have been released
 * inside of it, as far as names tell: that frame, or one of the program's own that it has
 * called, calls something "release". frames: innermost first; nr: at least 1. */
bool python_may_release(struct python *python, const struct python_frame *frames,
			uint32_t nr);
/* Whether a function object is one of Python's own library, or of a package. */
bool python_is_of_library(struct python *python, uint64_t function);
void python_holders_free(struct python_holders *holders); /* NULL is accepted */

#endif
