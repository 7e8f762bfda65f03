/* SPDX-License-Identifier: MIT */
/* Unwinds whole stacks from a copy of the stack's memory and the unwind tables, without
 * stopping any thread. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "source/symbols/private.h"

static const struct stack *name_frames(struct symbols *symbols,
				       const struct unwind_job *job)
{
	struct frame frames[SNAPSHOT_FRAMES_MAX];
	size_t count = 0;

	for (size_t i = 0; i < job->nr_pcs && count < SNAPSHOT_FRAMES_MAX; i++) {
		if (i && job->after_call[i] &&
		    symbols_tail_called(symbols, job->pcs[i - 1], job->after_call[i - 1],
					job->pcs[i], &frames[count]))
			count++;
		size_t end = count + symbols_frames(symbols, job->pcs[i],
						    job->after_call[i], frames + count,
						    SNAPSHOT_FRAMES_MAX - count);

		/* Drop the monitor's own frames, which tell nothing about the program. */
		for (size_t at = count; at < end; at++)
			if (!symbols_is_monitor(symbols, &frames[at]))
				frames[count++] = frames[at];
	}
	if (count == 0)
		count = symbols_frames(symbols, job->pcs[0], job->after_call[0], frames,
				       SNAPSHOT_FRAMES_MAX);
	symbols_name_places(symbols, frames, count);
	return stack_intern(symbols->stacks, frames, count, !job->whole);
}

const struct stack *symbols_unwind(struct symbols *symbols,
				   const struct unwind_start *start)
{
	const struct stack *stack = unwind_recipe_find(symbols, start);
	struct unwind_job job;

	if (stack)
		return stack;
	if (!unwind_attach_process(symbols))
		return NULL;
	memset(&job, 0, sizeof(job));
	job.symbols = symbols;
	job.start = start;
	symbols->nr_chunks = 0;
	/* Modules that were loaded since must be reported before the walk. */
	symbols_module(symbols, start->pc);
	unwind_walk(symbols, &job);
	if (!job.whole && !job.full && !start->regs)
		unwind_repair(symbols, &job);
	stack = name_frames(symbols, &job);
	unwind_recipe_keep(symbols, &job, stack);
	return stack;
}

const struct stack *symbols_unwind_thread(struct symbols *symbols,
					  const struct proc_call *call)
{
	ssize_t got = kernel_memory(symbols->kernel, call->sp, symbols->stack_bytes,
				    UNWIND_STACK_MAX);
	struct unwind_start start = {
		.pc = call->pc,
		.sp = call->sp,
		.bytes = symbols->stack_bytes,
		.nr_bytes = got > 0 ? (size_t)got : 0,
		.live = true,
	};

	return symbols_unwind(symbols, &start);
}
