/* SPDX-License-Identifier: MIT */
#include "source/go/proof/runner.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/fdio.h"
#include "base/hash.h"
#include "base/text.h"
#include "source/go/processor.h"
#include "source/proc/parse.h"

#define RUNNERS_MAX    65536u
#define CPU_NS         CLOCK_MS_NS /* see runner.h */
#define TICK_NS        (CLOCK_SECOND_NS / 100)
#define SAVED_BYTES    48u    /* saved registers: sp, pc, the g, ctxt, ret, bp */
#define STACK_BYTES    32768u /* read at a time from a thread's own stack */
#define THREADS_MAX    (1u << 20)
#define CALL_CODE      0xe8u
#define CALL_BYTES     5u
#define ENDS_BYTES_MAX (1u << 20)
#define STOP_TRIES     50
#define STOP_POLL_NS   CLOCK_MS_NS

void go_runners_init(struct go_runners *runners, const struct process *process,
		     bool ptrace, const struct go_layout *layout,
		     const struct go_module *module)
{
	static const char *const exits[2] = {"runtime.exit", "runtime.exit.abi0"};
	struct go_func func;

	memset(runners, 0, sizeof(*runners));
	runners->process = process;
	runners->ptrace = ptrace;
	runners->layout = layout;
	runners->turns = go_g_turns(&layout->g, module->minor);
	runners->text = module->table.min_pc;
	runners->text_end = module->table.max_pc;
	for (size_t i = 0; i < 2; i++)
		if (go_func_by_name(&module->table, exits[i], &func))
			runners->exits[i] = func.entry;
}

void go_runners_release(struct go_runners *runners)
{
	free(runners->list);
	free(runners->threads);
	free(runners->registers);
	memset(runners, 0, sizeof(*runners));
}

void go_runners_clear(struct go_runners *runners)
{
	runners->nr = runners->nr_threads = 0;
	runners->too_many = runners->ending = false;
}

/* Leaves out what others write into a running g, such as a request to preempt it. */
uint64_t go_runner_mark(const struct go_runners *runners, const uint8_t *g)
{
	const struct go_g_layout *layout = &runners->layout->g;
	uint64_t hash = hash_bytes(1, g + GO_G_SP, SAVED_BYTES);

	hash = hash_mix(hash, load_u64(g + layout->syscallsp));
	hash = hash_mix(hash, load_u64(g + layout->goid));
	hash = hash_mix(hash, load_u64(g + GO_G_M));
	hash = hash_mix(hash, load_u64(g + GO_G_STACK_LO));
	hash = hash_mix(hash, go_g_status(g, layout));
	return hash_mix(hash, runners->turns ? g[runners->turns] : 0);
}

/* Reads the tick of the processor that belongs to the m. Returns false if none is
 * known. */
static bool read_tick(const struct go_mark *mark, uint64_t m, uint64_t *processor,
		      uint32_t *tick)
{
	uint8_t record[GO_PROCESSOR_FIELD];

	for (size_t i = 0; m && i < mark->nr_processors; i++) {
		if (*processor && *processor != mark->processors[i])
			continue;
		if (!memory_read(mark->heap->mem, mark->processors[i], record,
				 sizeof(record)) ||
		    (load_u64(record + GO_PROCESSOR_M) != m &&
		     load_u64(record + GO_PROCESSOR_M + 8) != m))
			continue;
		*processor = mark->processors[i];
		*tick = load_u32(record + GO_PROCESSOR_TICK);
		return true;
	}
	return false;
}

void go_runners_add(struct go_runners *runners, const struct go_mark *mark,
		    uint64_t address, const uint8_t *g)
{
	struct go_runner *runner;

	if (!array_reserve_most(&runners->list, &runners->cap, runners->nr + 1,
				RUNNERS_MAX)) {
		runners->too_many = true;
		return;
	}
	runner = &runners->list[runners->nr++];
	*runner = (struct go_runner){
		.address = address,
		.goid = load_u64(g + runners->layout->g.goid),
		.m = load_u64(g + GO_G_M),
		.low = load_u64(g + GO_G_STACK_LO),
		.high = load_u64(g + GO_G_STACK_HI),
		.mark = go_runner_mark(runners, g),
	};
	read_tick(mark, runner->m, &runner->processor, &runner->tick);
}

static uint64_t read_cpu(const struct process *process, pid_t tid,
			 const struct proc_stat *stat)
{
	char text[128];
	unsigned long long ns;

	if (process_thread_text(process, tid, THREAD_TIMES, text, sizeof(text)) > 0 &&
	    sscanf(text, "%llu", &ns) == 1)
		return ns;
	return stat->cpu_ticks * TICK_NS;
}

/* Returns false if the thread is not in a system call or if that cannot be read. */
static bool read_call(const struct go_runners *runners, struct go_runner_thread *thread,
		      bool *known, bool *ending)
{
	struct proc_call call;

	*known = process_thread_call(runners->process, thread->tid, &call) == 0;
	thread->sp = *known && !call.running ? call.sp : 0;
	*ending |= *known && call.nr == SYS_exit_group;
	return *known && call.nr >= 0;
}

/* An exiting thread no longer runs the program's code. */
static bool is_gone(const struct proc_stat *stat)
{
	return stat->state == 'Z' || stat->state == 'X' ||
	       stat->kernel_flags & PROC_PF_EXITING;
}

/* Reads what the thread is doing now. */
static void read_thread(const struct go_runners *runners, struct go_runner_thread *thread,
			uint64_t *cpu_ns, bool *ending)
{
	struct proc_stat stat = {0};
	bool known;

	thread->in_call = read_call(runners, thread, &known, ending);
	if (thread->in_call)
		return;
	thread->gone = process_thread_stat(runners->process, thread->tid, &stat) != 0 ||
		       is_gone(&stat);
	if (thread->gone)
		return;
	thread->traced = stat.state == 't';
	thread->stopped = thread->traced || stat.state == 'T';
	/* On kernels without that file, a sleeping thread counts as in a system call. */
	thread->in_call = !known && (stat.state == 'S' || stat.state == 'D');
	*cpu_ns = read_cpu(runners->process, thread->tid, &stat);
}

static void copy_registers(struct go_runners *runners, struct go_runner_thread *thread)
{
	struct go_registers *copy;
	uint64_t sp = 0;
	size_t bytes;

	if (!array_reserve_most(&runners->registers, &runners->cap_registers,
				runners->nr_registers + 1, THREADS_MAX))
		return;
	copy = &runners->registers[runners->nr_registers];
	memset(copy, 0, sizeof(*copy));
	bytes = registers_read(runners->process, thread->tid, copy->bytes, &sp);
	/* Wait until it is stopped again at the same place. */
	for (int try = 0; bytes > 0 && !thread->copied && try < STOP_TRIES; try++) {
		read_thread(runners, thread, &thread->cpu_ns, &runners->ending);
		thread->copied = thread->stopped && thread->sp == sp;
		if (!thread->copied)
			clock_sleep_ns(STOP_POLL_NS);
	}
	runners->nr_registers += thread->copied;
}

void go_runners_read(struct go_runners *runners)
{
	struct proc_stat first = {0};
	pid_t *tids = NULL;
	size_t capacity = 0;
	ssize_t nr = process_threads(runners->process, &tids, &capacity);

	runners->nr_threads = runners->nr_registers = 0;
	for (ssize_t i = 0; i < nr; i++) {
		struct go_runner_thread *thread;

		if (!array_reserve_most(&runners->threads, &runners->cap_threads,
					runners->nr_threads + 1, THREADS_MAX)) {
			runners->too_many = true;
			break;
		}
		thread = &runners->threads[runners->nr_threads++];
		*thread = (struct go_runner_thread){.tid = tids[i]};
		read_thread(runners, thread, &thread->cpu_ns, &runners->ending);
		thread->ran = !thread->in_call && !thread->gone;
		if (thread->ran && thread->stopped && runners->ptrace)
			copy_registers(runners, thread);
	}
	runners->too_many |= nr <= 0;
	runners->held = process_thread_stat(runners->process, runners->process->pid,
					    &first) == 0 &&
			first.state == 't';
	free(tids);
}

static const struct go_thread_stack *stack_of(const struct go_mark *mark, uint64_t sp)
{
	for (size_t i = 0; sp && i < mark->nr_stacks; i++)
		if (sp >= mark->stacks[i].low && sp < mark->stacks[i].high)
			return &mark->stacks[i];
	return NULL;
}

/* Returns true if the goroutine's thread is in a system call that it made, from its own
 * stack or the scheduler's. */
static bool is_in_call(const struct go_runners *runners, const struct go_mark *mark,
		       const struct go_runner *runner)
{
	for (size_t i = 0; i < runners->nr_threads; i++) {
		const struct go_runner_thread *thread = &runners->threads[i];
		const struct go_thread_stack *stack;

		if (!thread->in_call && !thread->copied)
			continue;
		if (thread->sp >= runner->low && thread->sp < runner->high)
			return true;
		stack = stack_of(mark, thread->sp);
		/* While a signal is handled, the registers are saved on that stack: see
		 * go_runners_mark(). In a running target they may have been restored
		 * already. */
		if (stack && stack->m == runner->m && (!stack->signals || thread->copied))
			return true;
	}
	return false;
}

static bool has_stopped(const struct go_runners *runners, const struct go_mark *mark,
			const struct go_runner *runner)
{
	uint8_t g[GO_G_BYTES_MAX];
	uint64_t processor = runner->processor;
	uint32_t tick;

	if (!memory_read(mark->heap->mem, runner->address, g, runners->layout->g.bytes))
		return false;
	if (go_runner_mark(runners, g) != runner->mark)
		return true;
	if (processor && read_tick(mark, runner->m, &processor, &tick) &&
	    tick != runner->tick)
		return true;
	return is_in_call(runners, mark, runner) ||
	       go_runners_end(runners, mark->heap->mem, runner->low, runner->high) > 0;
}

bool go_runners_settled(struct go_runners *runners, const struct go_mark *mark)
{
	size_t left = 0;
	bool ran = false;

	for (size_t i = 0; i < runners->nr_threads; i++) {
		struct go_runner_thread *thread = &runners->threads[i];
		uint64_t cpu_ns = thread->cpu_ns;

		uint64_t sp = thread->sp;

		if (!thread->ran)
			continue;
		read_thread(runners, thread, &cpu_ns, &runners->ending);
		/* Detaching costs the thread a few microseconds of CPU time. */
		if (thread->copied && thread->stopped && thread->sp == sp &&
		    cpu_ns - thread->cpu_ns < CPU_NS)
			continue;
		thread->copied = false;
		thread->ran = !thread->in_call && !thread->gone && !runners->ending &&
			      cpu_ns - thread->cpu_ns < CPU_NS;
		ran |= thread->ran;
	}
	for (size_t i = 0; i < runners->nr; i++)
		if (!has_stopped(runners, mark, &runners->list[i]))
			runners->list[left++] = runners->list[i];
	runners->nr = left;
	return left == 0 && !ran && !runners->too_many;
}

/* Returns true if the word is the return address of a call to a function that ends the
 * process. Such a call never returns, so the word cannot be left over from an earlier
 * one. */
static bool follows_exit(const struct go_runners *runners, struct memory *mem,
			 uint64_t word)
{
	uint8_t code[CALL_BYTES];
	uint64_t callee;

	if (word < runners->text + CALL_BYTES || word >= runners->text_end ||
	    !memory_read(mem, word - CALL_BYTES, code, sizeof(code)) ||
	    code[0] != CALL_CODE)
		return false;
	callee = word + (uint64_t)(int64_t)(int32_t)load_u32(code + 1);
	return callee == runners->exits[0] || callee == runners->exits[1];
}

static uint64_t find_exit(const struct go_runners *runners, struct memory *mem,
			  uint64_t low, uint64_t high)
{
	uint8_t bytes[STACK_BYTES];

	for (uint64_t at = low; at < high && high - low <= ENDS_BYTES_MAX;) {
		size_t wanted =
			high - at < sizeof(bytes) ? (size_t)(high - at) : sizeof(bytes);
		size_t got = memory_read_some(mem, at, bytes, wanted);

		for (size_t i = 0; i + 8 <= got; i += 8)
			if (follows_exit(runners, mem, load_u64(bytes + i)))
				return at + i;
		if (got < wanted)
			return 0;
		at += got;
	}
	return 0;
}

/* The thread that ends the process may be gone; only the first one can be held. */
uint64_t go_runners_end(const struct go_runners *runners, struct memory *mem,
			uint64_t low, uint64_t high)
{
	return runners->held || runners->ending
		       ? find_exit(runners, mem, low & ~7ull, high)
		       : 0;
}

/* Returns true if the first thread is held and there is no other. */
static bool is_at_end(const struct go_runners *runners)
{
	pid_t *tids = NULL;
	size_t capacity = 0;
	ssize_t nr =
		runners->held ? process_threads(runners->process, &tids, &capacity) : 0;
	bool alone = nr > 0;

	for (ssize_t i = 0; alone && i < nr; i++) {
		struct proc_stat stat;

		if (tids[i] != runners->process->pid)
			alone = process_thread_stat(runners->process, tids[i], &stat) !=
					0 ||
				is_gone(&stat);
	}
	free(tids);
	return alone;
}

static const struct go_runner_thread *left_thread(const struct go_runners *runners)
{
	for (size_t i = 0; i < runners->nr_threads; i++)
		if (runners->threads[i].ran && !runners->threads[i].copied)
			return &runners->threads[i];
	return NULL;
}

/* Returns true if all remaining threads are stopped; a goroutine's thread is one of
 * them. */
static bool is_stopped(const struct go_runners *runners)
{
	size_t stopped = 0, ran = 0;

	for (size_t i = 0; i < runners->nr_threads; i++) {
		ran += runners->threads[i].ran;
		stopped += runners->threads[i].ran && runners->threads[i].stopped;
	}
	return ran > 0 && stopped == ran;
}

bool go_runners_hopeless(const struct go_runners *runners)
{
	return runners->too_many || runners->ending || is_stopped(runners) ||
	       is_at_end(runners);
}

/* Reads cgroup.events of a version 2 cgroup, or the state of a version 1 freezer. */
static bool is_frozen(const struct process *process)
{
	char path[600], text[4096], *line, *next;
	bool frozen = false;

	if (process_text(process, PROCESS_CGROUP, text, sizeof(text)) <= 0)
		return false;
	for (line = text; line && !frozen; line = next) {
		char state[256];
		const char *folder;

		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		folder = strrchr(line, ':');
		if (!folder)
			continue;
		if (text_starts_with(line, "0::"))
			snprintf(path, sizeof(path), "/sys/fs/cgroup%.400s/cgroup.events",
				 folder + 1);
		else if (strstr(line, "freezer"))
			snprintf(path, sizeof(path),
				 "/sys/fs/cgroup/freezer%.400s/freezer.state",
				 folder + 1);
		else
			continue;
		if (fdio_read_small(AT_FDCWD, path, state, sizeof(state)) > 0)
			frozen = strstr(state, "frozen 1") || strstr(state, "FROZEN");
	}
	return frozen;
}

int go_runners_explain(const struct go_runners *runners, int64_t waited_ns, struct err *e)
{
	const struct go_runner *runner = runners->nr ? &runners->list[0] : NULL;
	const struct go_runner_thread *thread = left_thread(runners);
	double waited = (double)waited_ns / (double)CLOCK_SECOND_NS;
	const int pid = (int)runners->process->pid;

	if (runners->too_many)
		return err_set(
			e, ERR_UNSUPPORTED,
			"cannot prove leaks: the threads of process %d cannot be read",
			pid);
	if (runner && (runners->ending || is_at_end(runners)))
		return err_set(
			e, ERR_UNSUPPORTED,
			"cannot prove leaks: goroutine %llu was running when process %d "
			"ended, and the values in its registers are lost",
			(unsigned long long)runner->goid, pid);
	if (is_stopped(runners) && thread && thread->traced)
		return err_set(e, ERR_UNSUPPORTED,
			       "cannot prove leaks now: process %d is held by a debugger "
			       "or is exiting, and the values in its threads' registers "
			       "cannot be read",
			       pid);
	if (is_stopped(runners))
		return err_set(e, ERR_UNSUPPORTED,
			       "cannot prove leaks now: process %d is stopped, and the "
			       "values in its threads' registers cannot be read; resume "
			       "it (kill -CONT %d) or use --ptrace",
			       pid, pid);
	if (is_frozen(runners->process))
		return err_set(
			e, ERR_UNSUPPORTED,
			"cannot prove leaks now: process %d is frozen by its control "
			"group, and the values in its threads' registers cannot be read",
			pid);
	if (runner && thread)
		return err_set(e, ERR_UNSUPPORTED,
			       "cannot prove leaks now: goroutine %llu is running, but "
			       "its thread got hardly any CPU time in %.1f s, so the "
			       "values in its registers cannot be read",
			       (unsigned long long)runner->goid, waited);
	if (runner)
		return err_set(e, ERR_UNSUPPORTED,
			       "cannot prove leaks now: goroutine %llu has been running "
			       "without a pause for %.1f s, and the values in its "
			       "registers cannot be read (GODEBUG=asyncpreemptoff=1 "
			       "prevents loops from being preempted)",
			       (unsigned long long)runner->goid, waited);
	return err_set(e, ERR_UNSUPPORTED,
		       "cannot prove leaks now: thread %d got hardly any CPU time in "
		       "%.1f s, so the values in its registers cannot be read",
		       thread ? (int)thread->tid : pid, waited);
}

static void mark_stack(struct go_mark *mark, uint64_t from, uint64_t high)
{
	uint8_t bytes[STACK_BYTES];

	while (from < high) {
		size_t wanted = high - from < sizeof(bytes) ? (size_t)(high - from)
							    : sizeof(bytes);
		size_t got = memory_read_some(mark->heap->mem, from, bytes, wanted);

		go_mark_words(mark, bytes, got & ~(size_t)7);
		if (got < wanted)
			return;
		from += got;
	}
}

void go_runners_mark(const struct go_runners *runners, struct go_mark *mark)
{
	for (size_t i = 0; i < runners->nr_registers; i++)
		go_mark_words(mark, runners->registers[i].bytes, REGISTERS_BYTES);
	for (size_t i = 0; i < runners->nr_threads; i++) {
		const struct go_runner_thread *thread = &runners->threads[i];
		const struct go_thread_stack *stack = stack_of(mark, thread->sp);

		/* Stacks outside the heap are already roots. */
		if (!stack || !mark->heap->arenas[stack->low >> GO_ARENA_SHIFT] ||
		    !go_mark_has_processor(mark, stack->m))
			continue;
		mark_stack(mark, thread->sp & ~7ull, stack->high);
		/* The scheduler was interrupted at an unknown position. */
		for (size_t k = 0; stack->signals && k < mark->nr_stacks; k++)
			if (mark->stacks[k].m == stack->m && !mark->stacks[k].signals)
				mark_stack(mark, mark->stacks[k].low,
					   mark->stacks[k].high);
	}
}
