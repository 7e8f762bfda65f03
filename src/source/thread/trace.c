/* SPDX-License-Identifier: MIT */
/*
 * Uses PTRACE_SEIZE and PTRACE_INTERRUPT on one thread at a time. SEIZE sends no signal,
 * and the thread resumes by itself when its tracer exits. The thread is stopped while it
 * runs; if it has just gone to sleep in epoll_wait() or a similar call, that call fails
 * with EINTR.
 */
#include "source/thread/trace.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define TRACE_THREADS_MAX 32u
#define TRACE_STACK_BYTES 32768u
/* Limits for one thread to stop, since it has to get a CPU first, and for the whole
 * round. */
#define STOP_LIMIT_NS     (CLOCK_SECOND_NS / 50)
#define ROUND_LIMIT_NS    (CLOCK_SECOND_NS / 20)
#define STOP_POLL_NS      20000

struct traced {
	pid_t tid;
	bool copied;
	uint64_t pc, sp;
	uint64_t regs[17]; /* callee-saved registers, by DWARF number */
	ssize_t nr_bytes;
	uint8_t bytes[TRACE_STACK_BYTES];
};

struct trace {
	struct kernel *kernel;
	size_t nr_threads;
	size_t skip; /* threads handled in the previous round */
	size_t seen;
	int refused; /* errno of the last refusal, 0 if none */
	struct traced threads[TRACE_THREADS_MAX];
};

struct trace *trace_new(void)
{
#if defined(__x86_64__)
	return calloc(1, sizeof(struct trace));
#else
	return NULL;
#endif
}

void trace_free(struct trace *trace)
{
	free(trace);
}

void trace_begin(struct trace *trace)
{
	trace->seen = trace->nr_threads = 0;
}

bool trace_want(struct trace *trace, const struct thread *thread)
{
	if (trace->seen++ < trace->skip)
		return true;
	if (trace->nr_threads == TRACE_THREADS_MAX)
		return false;
	trace->threads[trace->nr_threads].tid = thread->tid;
	trace->threads[trace->nr_threads++].copied = false;
	return true;
}

#if defined(__x86_64__)
/* PTRACE_GETSIGINFO fails with ESRCH until the thread has stopped. */
static bool wait_for_stop(pid_t tid, siginfo_t *info)
{
	int64_t limit_ns = clock_mono_ns() + STOP_LIMIT_NS;

	while (ptrace(PTRACE_GETSIGINFO, tid, NULL, info) != 0) {
		if (errno != ESRCH || clock_mono_ns() > limit_ns)
			return false;
		clock_sleep_ns(STOP_POLL_NS);
	}
	return true;
}

static void copy_thread(struct kernel *kernel, struct traced *traced)
{
	struct user_regs_struct regs;
	struct iovec iov = {&regs, sizeof(regs)};

	/* A 32-bit thread has fewer registers. */
	if (ptrace(PTRACE_GETREGSET, traced->tid, (void *)1 /* NT_PRSTATUS */, &iov) !=
		    0 ||
	    iov.iov_len != sizeof(regs))
		return;
	traced->pc = regs.rip;
	traced->sp = regs.rsp;
	memset(traced->regs, 0, sizeof(traced->regs));
	traced->regs[3] = regs.rbx;
	traced->regs[6] = regs.rbp;
	traced->regs[12] = regs.r12;
	traced->regs[13] = regs.r13;
	traced->regs[14] = regs.r14;
	traced->regs[15] = regs.r15;
	traced->nr_bytes =
		kernel_memory(kernel, traced->sp, traced->bytes, sizeof(traced->bytes));
	traced->copied = traced->nr_bytes > 0;
}

/* Returns false if the thread has not stopped; only the exit of this tracer thread
 * releases it. */
static bool stop_thread(struct trace *trace, struct traced *traced)
{
	siginfo_t info;
	long signal = 0;

	if (ptrace(PTRACE_SEIZE, traced->tid, NULL, NULL) != 0) {
		if (errno != ESRCH)
			trace->refused = errno;
		return true;
	}
	/* The tid may belong to another process by now. */
	if (!kernel_tid_lives(trace->kernel, traced->tid) ||
	    ptrace(PTRACE_INTERRUPT, traced->tid, NULL, NULL) != 0 ||
	    !wait_for_stop(traced->tid, &info))
		return false;
	/* A signal arrived first; deliver it on detach. */
	if (info.si_code >> 8 != PTRACE_EVENT_STOP)
		signal = info.si_signo;
	copy_thread(trace->kernel, traced);
	return ptrace(PTRACE_DETACH, traced->tid, NULL, signal) == 0;
}

static void *trace_threads(void *arg)
{
	struct trace *trace = arg;
	int64_t limit_ns = clock_mono_ns() + ROUND_LIMIT_NS;

	for (size_t i = 0; i < trace->nr_threads && clock_mono_ns() < limit_ns; i++)
		if (!stop_thread(trace, &trace->threads[i]))
			break;
	return NULL;
}
#else
static void *trace_threads(void *arg)
{
	return arg;
}
#endif

static void unwind_copied(const struct traced *traced, struct thread_table *table)
{
	struct thread *thread = thread_get(table, traced->tid);
	struct unwind_start start = {
		.pc = traced->pc,
		.sp = traced->sp,
		.regs = traced->regs,
		.bytes = traced->bytes,
		.nr_bytes = (size_t)traced->nr_bytes,
	};

	if (thread)
		thread->stack = symbols_unwind(table->symbols, &start);
}

void trace_run(struct trace *trace, struct thread_table *table, struct snapshot *out)
{
	pthread_t tracer;

	/* If more threads run than fit into a round, the next round handles the
	 * others. */
	trace->skip = trace->nr_threads == TRACE_THREADS_MAX
			      ? trace->skip + TRACE_THREADS_MAX
			      : 0;
	if (trace->nr_threads == 0)
		return;
	trace->kernel = table->kernel;
	trace->refused = 0;
	if (pthread_create(&tracer, NULL, trace_threads, trace) != 0)
		return;
	pthread_join(tracer, NULL);
	for (size_t i = 0; i < trace->nr_threads; i++)
		if (trace->threads[i].copied)
			unwind_copied(&trace->threads[i], table);
	if (trace->refused == EPERM)
		snapshot_note(out,
			      "--ptrace: cannot stop the threads of process %d: a "
			      "debugger is attached to it, or grmon-c must run as root",
			      (int)table->kernel->process.pid);
	else if (trace->refused)
		snapshot_note(out, "--ptrace: cannot stop the threads of process %d: %s",
			      (int)table->kernel->process.pid, strerror(trace->refused));
}
