/* SPDX-License-Identifier: MIT */
/* Whole stacks from a copy of the stack's memory and the unwind tables, without stopping
 * anything. libdwfl does the walking and asks for memory and registers by callback. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "source/symbols_private.h"

#if defined(__x86_64__)
#define REG_FP 6
#define REG_SP 7
#else
#define REG_FP 29
#define REG_SP 31
#endif

/* A page of the live process, remembered for this unwinding. */
static bool read_live(struct symbols *symbols, uint64_t address, uint64_t *word)
{
	uint64_t page = address & ~(uint64_t)4095;
	struct unwind_chunk *chunk = NULL;

	for (size_t i = 0; i < symbols->nr_chunks && !chunk; i++)
		if (symbols->chunks[i].address == page)
			chunk = &symbols->chunks[i];
	if (!chunk) {
		if (symbols->nr_chunks == UNWIND_CHUNKS_MAX)
			return false;
		chunk = &symbols->chunks[symbols->nr_chunks++];
		chunk->address = page;
		chunk->bytes = kernel_memory(symbols->kernel, page, chunk->data,
					     sizeof(chunk->data));
	}
	if (chunk->bytes < (int64_t)(address - page + sizeof(*word)))
		return false;
	memcpy(word, chunk->data + (address - page), sizeof(*word));
	return true;
}

static bool read_word(struct unwind_job *job, uint64_t address, uint64_t *word)
{
	const struct unwind_start *start = job->start;
	uint64_t offset = address - start->sp;

	/* Both differences wrap where address lies below the stack pointer. */
	if (offset < start->nr_bytes && start->nr_bytes - offset >= sizeof(*word)) {
		memcpy(word, start->bytes + offset, sizeof(*word));
		return true;
	}
	/* A signal handler may have a stack of its own anywhere. */
	if (!start->live || (address & 7))
		return false;
	return read_live(job->symbols, address, word);
}

static bool memory_read(Dwfl *dwfl, Dwarf_Addr address, Dwarf_Word *result, void *arg)
{
	struct symbols *symbols = arg;
	struct unwind_job *job = symbols->job;
	uint64_t word;

	(void)dwfl;
	if (!job || !read_word(job, address, &word))
		return false;
	*result = word;
	if (job->nr_reads == UNWIND_READS_MAX ||
	    address - job->start->sp >= job->start->nr_bytes)
		job->elsewhere = true;
	else
		job->reads[job->nr_reads++] =
			(struct unwind_read){word, (uint32_t)(address - job->start->sp)};
	return true;
}

static bool set_registers(Dwfl_Thread *thread, void *arg)
{
	struct symbols *symbols = arg;
	const struct unwind_job *job = symbols->job;
	Dwarf_Word sp = job->start->sp;
	Dwarf_Word fp = job->frame_pointer;

#if defined(__x86_64__)
	static const int saved[] = {3, 6, 12, 13, 14, 15};
	Dwarf_Word pc = job->start->pc;

	if (job->start->regs)
		for (size_t i = 0; i < sizeof(saved) / sizeof(saved[0]); i++) {
			Dwarf_Word value = job->start->regs[saved[i]];

			if (!dwfl_thread_state_registers(thread, saved[i], 1, &value))
				return false;
		}
	if (!dwfl_thread_state_registers(thread, 16, 1, &pc))
		return false;
#endif
	if (job->has_frame_pointer &&
	    !dwfl_thread_state_registers(thread, REG_FP, 1, &fp))
		return false;
	if (!dwfl_thread_state_registers(thread, REG_SP, 1, &sp))
		return false;
	dwfl_thread_state_register_pc(thread, job->start->pc);
	return true;
}

static pid_t next_thread(Dwfl *dwfl, void *arg, void **thread_arg)
{
	(void)dwfl, (void)arg, (void)thread_arg;
	return 0;
}

static bool get_thread(Dwfl *dwfl, pid_t tid, void *arg, void **thread_arg)
{
	(void)dwfl, (void)tid;
	*thread_arg = arg;
	return true;
}

static const Dwfl_Thread_Callbacks thread_callbacks = {
	.next_thread = next_thread,
	.get_thread = get_thread,
	.memory_read = memory_read,
	.set_initial_registers = set_registers,
};

static bool attach(struct symbols *symbols)
{
	char path[48];

	if (symbols->attached)
		return true;
	symbols_module(symbols, 0);
	if (symbols->exe_fd < 0) {
		snprintf(path, sizeof(path), "/proc/%d/exe", (int)symbols->kernel->alive);
		symbols->exe_fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (symbols->exe_fd >= 0) {
			elf_version(EV_CURRENT);
			symbols->exe = elf_begin(symbols->exe_fd, ELF_C_READ_MMAP, NULL);
		}
	}
	symbols->attached =
		dwfl_attach_state(symbols->dwfl, symbols->exe, symbols->kernel->pid,
				  &thread_callbacks, symbols);
	return symbols->attached;
}

static int add_frame(Dwfl_Frame *frame, void *arg)
{
	struct unwind_job *job = arg;
	Dwarf_Addr pc;
	bool interrupted;

	if (!dwfl_frame_pc(frame, &pc, &interrupted) || pc == 0)
		return DWARF_CB_ABORT;
	/* The words read since the frame before are those that gave this pc. */
	if (job->nr_pcs == SNAPSHOT_FRAMES_MAX) {
		job->full = true;
		return DWARF_CB_ABORT;
	}
	job->after_call[job->nr_pcs] =
		job->nr_pcs ? !interrupted : job->start->after_call;
	job->pcs[job->nr_pcs++] = pc;
	return DWARF_CB_OK;
}

void unwind_walk(struct symbols *symbols, struct unwind_job *job)
{
	job->nr_pcs = 0;
	job->nr_reads = 0;
	job->elsewhere = false;
	job->full = false;
	symbols->job = job;
	dwfl_getthread_frames(symbols->dwfl, symbols->kernel->pid, add_frame, job);
	symbols->job = NULL;
	if (job->nr_pcs == 0) {
		job->pcs[0] = job->start->pc;
		job->after_call[0] = job->start->after_call;
		job->nr_pcs = 1;
	}
	job->whole = symbols_is_root(symbols, job->pcs[job->nr_pcs - 1],
				     job->after_call[job->nr_pcs - 1]);
}

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

		/* The monitor's frames say nothing of the program. */
		for (size_t at = count; at < end; at++)
			if (!symbols_is_monitor(symbols, &frames[at]))
				frames[count++] = frames[at];
	}
	if (count == 0)
		count = symbols_frames(symbols, job->pcs[0], job->after_call[0], frames,
				       SNAPSHOT_FRAMES_MAX);
	return stack_intern(symbols->stacks, frames, count, !job->whole);
}

const struct stack *symbols_unwind(struct symbols *symbols,
				   const struct unwind_start *start)
{
	const struct stack *stack = unwind_recipe_find(symbols, start);
	struct unwind_job job;

	if (stack)
		return stack;
	if (!attach(symbols))
		return NULL;
	memset(&job, 0, sizeof(job));
	job.symbols = symbols;
	job.start = start;
	symbols->nr_chunks = 0;
	/* Report again, before walking, what was loaded since. */
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
