/* SPDX-License-Identifier: MIT */
/* Describes the objects that functions of the standard library wait on. */
#ifndef SOURCE_PYTHON_WAIT_OBJECT_H
#define SOURCE_PYTHON_WAIT_OBJECT_H

#include "source/python/wait.h"

enum python_object {
	PYTHON_OBJECT_NONE,
	PYTHON_OBJECT_QUEUE,
	PYTHON_OBJECT_QUEUE_TASKS,
	PYTHON_OBJECT_CONDITION,
	PYTHON_OBJECT_EVENT,
	PYTHON_OBJECT_SEMAPHORE,
	PYTHON_OBJECT_BARRIER,
	PYTHON_OBJECT_TIMER,
	PYTHON_OBJECT_STARTED,
	PYTHON_OBJECT_THREAD,
	PYTHON_OBJECT_THREADS,
	PYTHON_OBJECT_FUTURE,
	PYTHON_OBJECT_FUTURES,
	PYTHON_OBJECT_POOL,
	PYTHON_OBJECT_PROCESS_QUEUE,
	PYTHON_OBJECT_CHILD,
	PYTHON_OBJECT_IMPORT,
	PYTHON_OBJECT_PROCESS_LOCK,
	/* Of tasks; asyncio_object.c. */
	PYTHON_OBJECT_TASK_QUEUE,
	PYTHON_OBJECT_TASK_QUEUE_TASKS,
	PYTHON_OBJECT_TASK_STREAM,
	PYTHON_OBJECT_TASK_LOCK,
	PYTHON_OBJECT_TASK_SLEEP,
	PYTHON_OBJECT_TASK_TRANSPORT,
	PYTHON_OBJECT_TASK_SOCKET,
	PYTHON_OBJECT_TASK_HOST,
	PYTHON_OBJECT_TASK_GROUP,
	PYTHON_OBJECT_TASK_SEVERAL,
	PYTHON_OBJECT_TASK_COMPLETED,
	PYTHON_OBJECT_TASK_LIMITED,
	PYTHON_OBJECT_TASK_THREAD,
};

/* Sets kind, address, text and owner, if the object is what the function says; and the state
 * where the object decides it. */
void python_wait_describe(struct python *python, const struct python_frame *frame,
			  enum python_object object, struct python_wait *out);
/* The length of a list or deque; false if it is neither. */
bool python_length(struct python *python, uint64_t object, int64_t *length);
/* Returns the value of a variable of this name, a static text, or 0. */
uint64_t python_frame_variable(struct python *python, const struct python_frame *frame,
			       const char *name);

/* The same for a variable that functions inside of this one use too. */
uint64_t python_frame_shared(struct python *python, const struct python_frame *frame,
			     const char *name);
/* Whether an object is a function whose code has this name. */
bool python_is_function(struct python *python, uint64_t object, const char *name);
/* The value of a variable of this name that a function has from one that it is in, or 0. */
uint64_t python_function_outer(struct python *python, uint64_t function,
			       const char *name);

#endif
