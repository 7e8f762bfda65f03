/* SPDX-License-Identifier: MIT */
/* Which thread runs a loop: asyncio's own loops know, others are found in the frames of the
 * thread that has started them. */
#include "base/array.h"
#include "source/python/asyncio_private.h"
#include "source/python/wait_object.h"

#define LOOPS_MAX  64u
#define FRAMES_END 12u /* outermost frames, one of which starts the loop */

/* Whether the frame is that of a function which runs the loop until it ends. */
static bool runs_loop(struct python *python, const struct python_frame *frame,
		      uint64_t loop)
{
	return frame->first == loop ||
	       (frame->first && frame->code->library &&
		python_attribute(&python->reader, frame->first, "_loop") == loop) ||
	       (frame->code->library &&
		python_frame_variable(python, frame, "loop") == loop);
}

/* Another thread may wait in a function that was only given the loop: if several could be
 * meant, none is. */
static pid_t find_starter(struct python *python, uint64_t loop)
{
	pid_t found = 0;

	for (size_t t = 0; t < python->nr_threads; t++) {
		const struct python_thread *thread = &python->threads[t];
		uint32_t i, nr = thread->nr_frames;

		for (i = nr > FRAMES_END ? nr - FRAMES_END : 0; i < nr; i++)
			if (runs_loop(python, &python->frames[thread->first_frame + i],
				      loop))
				break;
		if (i == nr)
			continue;
		if (found)
			return 0;
		found = thread->tid;
	}
	return found;
}

static struct python_loop find_thread(struct python *python, uint64_t loop)
{
	const struct python_thread *thread;
	int64_t ident;

	if (!python_int(&python->reader,
			python_attribute(&python->reader, loop, "_thread_id"), &ident))
		return (struct python_loop){loop, find_starter(python, loop), false};
	thread = python_by_ident(python, (uint64_t)ident);
	return (struct python_loop){loop, thread ? thread->tid : 0, thread != NULL};
}

static struct python_loop thread_of(struct python *python, struct python_asyncio *asyncio,
				    uint64_t loop)
{
	for (size_t i = 0; i < asyncio->nr_loops; i++)
		if (asyncio->loops[i].address == loop)
			return asyncio->loops[i];
	if (asyncio->nr_loops == LOOPS_MAX ||
	    !array_reserve(&asyncio->loops, &asyncio->cap_loops, asyncio->nr_loops + 1))
		return (struct python_loop){loop, 0, false};
	asyncio->loops[asyncio->nr_loops] = find_thread(python, loop);
	return asyncio->loops[asyncio->nr_loops++];
}

void python_asyncio_threads(struct python *python, struct python_asyncio *asyncio)
{
	struct python_tasks *out = &asyncio->out;

	asyncio->nr_loops = 0;
	for (size_t i = 0; i < out->nr; i++) {
		struct python_task *task = &out->list[i];
		struct python_loop loop = thread_of(python, asyncio, task->loop);

		task->looped = loop.runs && loop.tid > 0;
		if (loop.tid > 0)
			task->tid = loop.tid;
	}
	out->nr_loops = asyncio->nr_loops;
}
