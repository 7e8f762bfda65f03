/* SPDX-License-Identifier: MIT */
/* Walks from frame to frame, by the unwind tables and, where there are none, by
 * instructions. With tables, libdwfl does the walking and requests memory and registers
 * by callbacks. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "source/proc/pages.h"
#include "source/proc/target_file.h"
#include "source/symbols/private.h"

#define TURNS_MAX 8u /* switches between code with and without unwind tables */

#if defined(__x86_64__)
#define REG_FP 6
#define REG_SP 7
#else
#define REG_FP 29
#define REG_SP 31
#endif

static bool read_word(Dwfl *dwfl, Dwarf_Addr address, Dwarf_Word *result, void *arg)
{
	const struct symbols *symbols = arg;

	(void)dwfl;
	return symbols->job && unwind_read(symbols->job, address, result);
}

static bool set_registers(Dwfl_Thread *thread, void *arg)
{
	const struct symbols *symbols = arg;
	const struct unwind_job *job = symbols->job;
	const struct unwind_place *at = &job->at;
	Dwarf_Word sp = at->sp;
	/* The address after a call that does not return may belong to the next function.
	 * */
	Dwarf_Word pc = at->pc - (job->nr_pcs > 1 && at->after_call);

#if defined(__x86_64__)
	static const int saved[UNWIND_SAVED] = {3, REG_FP, 12, 13, 14, 15};

	for (size_t i = 0; i < UNWIND_SAVED; i++) {
		Dwarf_Word value = at->saved[i];

		if (at->has_saved[i] &&
		    !dwfl_thread_state_registers(thread, saved[i], 1, &value))
			return false;
	}
	if (!dwfl_thread_state_registers(thread, 16, 1, &pc))
		return false;
#else
	Dwarf_Word fp = at->saved[1];

	if (at->has_saved[1] && !dwfl_thread_state_registers(thread, REG_FP, 1, &fp))
		return false;
#endif
	if (!dwfl_thread_state_registers(thread, REG_SP, 1, &sp))
		return false;
	dwfl_thread_state_register_pc(thread, pc);
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
	.memory_read = read_word,
	.set_initial_registers = set_registers,
};

/* libdwfl needs only the machine type of the program, so the header is enough. */
static Elf *header_alone(union exe_header *header)
{
	if (memcmp(header, ELFMAG, SELFMAG) != 0)
		return NULL;
	if (header->large.e_ident[EI_CLASS] == ELFCLASS64)
		header->large.e_phnum = header->large.e_shnum = 0;
	else
		header->small.e_phnum = header->small.e_shnum = 0;
	elf_version(EV_CURRENT);
	return elf_memory((char *)header, sizeof(*header));
}

/* Returns the header of our own executable, for the machine type. */
static Elf *own_header(struct symbols *symbols)
{
	struct process self = process_self();
	struct target_file file;
	ssize_t got = 0;

	if (!target_file_open_exe(&file, &self))
		return NULL;
	got = pread(file.fd, &symbols->exe_header, sizeof(symbols->exe_header), 0);
	close(file.fd);
	return got == sizeof(symbols->exe_header) ? header_alone(&symbols->exe_header)
						  : NULL;
}

struct exe_job {
	struct process process;
	ssize_t got;
	union exe_header header;
};

static void exe_job(void *arg)
{
	struct exe_job *job = arg;
	struct target_file file;

	if (!target_file_open_exe(&file, &job->process))
		return;
	job->got = pread(file.fd, &job->header, sizeof(job->header), 0);
	close(file.fd);
}

/* If the file system of the program does not respond, assumes our own machine type. */
static Elf *read_exe(struct symbols *symbols)
{
	struct exe_job *job = calloc(1, sizeof(*job));
	bool ours;

	if (!job)
		return NULL;
	job->process = process_named(symbols->kernel->process.alive);
	if (pages_run(symbols->kernel->pages, exe_job, job)) {
		symbols->exe_header = job->header;
		ours = false;
		if (job->got != sizeof(job->header))
			memset(&symbols->exe_header, 0, sizeof(symbols->exe_header));
		free(job);
	} else {
		ours = !symbols->kernel->facts.foreign;
	}
	if (ours)
		return own_header(symbols);
	return header_alone(&symbols->exe_header);
}

bool unwind_attach_process(struct symbols *symbols)
{
	if (symbols->attached)
		return true;
	symbols_module(symbols, 0);
	if (!symbols->exe)
		symbols->exe = read_exe(symbols);
	symbols->attached = dwfl_attach_state(symbols->dwfl, symbols->exe,
					      symbols->kernel->process.pid,
					      &thread_callbacks, symbols);
	return symbols->attached;
}

static bool add_pc(struct unwind_job *job, uint64_t pc, bool after_call)
{
	if (job->nr_pcs == SNAPSHOT_FRAMES_MAX) {
		job->full = true;
		return false;
	}
	job->after_call[job->nr_pcs] = after_call;
	job->pcs[job->nr_pcs++] = pc;
	return true;
}

static int add_frame(Dwfl_Frame *frame, void *arg)
{
	struct unwind_job *job = arg;
	Dwarf_Addr pc;
	bool interrupted;

	if (!dwfl_frame_pc(frame, &pc, &interrupted) || pc == 0)
		return DWARF_CB_ABORT;
	/* The first frame is where the walk started; it was added already. */
	if (job->first) {
		job->first = false;
		return DWARF_CB_OK;
	}
	/* The words read since the frame before are those that gave this pc. */
	if (!add_pc(job, pc, !interrupted))
		return DWARF_CB_ABORT;
	job->stopped = !job->tables_only && !interrupted &&
		       unwind_lacks_tables(job->symbols, pc, true);
	return job->stopped ? DWARF_CB_ABORT : DWARF_CB_OK;
}

/* Finds the stack pointer of the last frame: right above the word its pc was read from.
 * */
static bool find_last_place(struct unwind_job *job)
{
	uint64_t pc = job->pcs[job->nr_pcs - 1];

	memset(&job->at, 0, sizeof(job->at));
	for (uint32_t i = job->nr_reads; i-- > 0;)
		if (job->reads[i].word == pc) {
			job->at.pc = pc;
			job->at.sp = job->start->sp + job->reads[i].offset + sizeof(pc);
			job->at.after_call = true;
			return true;
		}
	return false;
}

/* Walks through functions without unwind tables. Returns false if the walk ended there.
 * */
static bool walk_plain(struct symbols *symbols, struct unwind_job *job)
{
	while (unwind_lacks_tables(symbols, job->at.pc, job->at.after_call)) {
		if (!unwind_plain_step(symbols, job) ||
		    !add_pc(job, job->at.pc, job->at.after_call))
			return false;
		if (symbols_is_root(symbols, job->at.pc, job->at.after_call))
			return false;
	}
	return true;
}

static void walk_tables(struct symbols *symbols, struct unwind_job *job)
{
	job->first = true;
	job->stopped = false;
	symbols->job = job;
	dwfl_getthread_frames(symbols->dwfl, symbols->kernel->process.pid, add_frame,
			      job);
	symbols->job = NULL;
}

static void start_walk(struct unwind_job *job)
{
	static const int saved[UNWIND_SAVED] = {3, 6, 12, 13, 14, 15};
	const struct unwind_start *start = job->start;

	job->nr_pcs = 0;
	job->nr_reads = 0;
	job->elsewhere = false;
	job->full = false;
	memset(&job->at, 0, sizeof(job->at));
	job->at.pc = start->pc;
	job->at.sp = start->sp;
	job->at.after_call = start->after_call;
	for (size_t i = 0; start->regs && i < UNWIND_SAVED; i++) {
		job->at.has_saved[i] = true;
		job->at.saved[i] = start->regs[saved[i]];
	}
	if (job->has_frame_pointer) {
		job->at.has_saved[1] = true;
		job->at.saved[1] = job->frame_pointer;
	}
	add_pc(job, start->pc, start->after_call);
}

void unwind_walk(struct symbols *symbols, struct unwind_job *job)
{
	start_walk(job);
	job->tables_only = false;
	for (unsigned turn = 0; turn < TURNS_MAX && !job->tables_only; turn++) {
		size_t before = job->nr_pcs;

		if (!walk_plain(symbols, job)) {
			if (job->nr_pcs > before)
				break;
			/* libdwfl may still be able to follow frame pointers. */
			start_walk(job);
			job->tables_only = true;
		}
		walk_tables(symbols, job);
		if (!job->stopped ||
		    symbols_is_root(symbols, job->pcs[job->nr_pcs - 1], true) ||
		    !find_last_place(job))
			break;
	}
	job->whole = symbols_is_root(symbols, job->pcs[job->nr_pcs - 1],
				     job->after_call[job->nr_pcs - 1]);
}
