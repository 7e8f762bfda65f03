/* SPDX-License-Identifier: MIT */
/* Describes what functions of asyncio wait on. */
#ifndef SOURCE_PYTHON_ASYNCIO_OBJECT_H
#define SOURCE_PYTHON_ASYNCIO_OBJECT_H

#include "source/python/asyncio_private.h"
#include "source/python/wait_object.h"

/* Sets kind, text and object of a task that waits in this frame, and what more can be told:
 * owner, fd, end. Nothing is set if the object is not what the function says. */
void python_task_describe(struct python *python, struct python_asyncio *asyncio,
			  struct python_task *task, const struct python_frame *frame,
			  enum python_object object);
/* Takes over what the last look said of a task that rests and whose wait is settled. Returns
 * false if it has to be described again, as from time to time anyway. */
bool python_task_keep(struct python *python, struct python_asyncio *asyncio,
		      struct python_task *task);
/* The same for a task that waits for another one, or for a future that stands for several;
 * asyncio_several.c. */
void python_task_describe_task(struct python_asyncio *asyncio, struct python_task *task);
void python_task_describe_gather(struct python *python, struct python_asyncio *asyncio,
				 struct python_task *task);
/* The same for a future that no rule is about. */
void python_task_describe_future(struct python *python, struct python_asyncio *asyncio,
				 struct python_task *task);
/* Functions that wait for several: a task group, wait() and as_completed(). */
void python_task_describe_group(struct python *python, struct python_asyncio *asyncio,
				struct python_task *task);
void python_task_describe_wait(struct python *python, struct python_asyncio *asyncio,
			       struct python_task *task,
			       const struct python_frame *frame);
void python_task_describe_completed(struct python *python, struct python_asyncio *asyncio,
				    struct python_task *task,
				    const struct python_frame *frame);
/* Sets kind and text. */
void python_task_say(struct python_asyncio *asyncio, struct python_task *task,
		     const char *kind, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
#define PYTHON_NAME_SHOWN 64 /* bytes of a name in such a text */
/* The task waits until this one ends. */
void python_task_awaits(struct python_task *task, uint32_t owner);
/* Reads which locks the async with statements of all tasks hold, and marks the tasks that
 * are inside of a timeout; asyncio_held.c. */
void python_asyncio_entered(struct python *python, struct python_asyncio *asyncio);
/* The task that holds an asyncio.Lock as far as was read, or PYTHON_NO_TASK. */
uint32_t python_task_holder(const struct python_asyncio *asyncio, uint64_t lock);

#endif
