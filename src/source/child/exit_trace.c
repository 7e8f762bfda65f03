/* SPDX-License-Identifier: MIT */
/*
 * A separate thread traces, because ptrace accepts requests only from the thread that
 * seized, and does nothing but wait. The kernel stops a traced thread in its exit while
 * all its memory still exists. If the first thread ends before the others, or another
 * thread calls exec, one of the remaining threads is traced instead.
 */
#include "source/child/exit_trace.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/threads.h"
#include "source/child/sanitizer.h"
#include "source/proc/process.h"

/* If the process is ending, its other threads are gone after this time. */
#define OTHERS_LIMIT_NS (CLOCK_SECOND_NS / 5)
#define STEP_NS         CLOCK_MS_NS
#define EXEC_LIMIT_NS   (2 * CLOCK_SECOND_NS)
#define TRACED_OPTIONS  (PTRACE_O_TRACEEXIT | PTRACE_O_TRACEEXEC)

struct exit_trace {
	pthread_t thread;
	pid_t pid;
	int fd; /* an eventfd */

	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* The lock protects all members below. */
	bool seized; /* if not, refused is the errno */
	int refused;
	enum exit_state state;
	int64_t held_ns;
	bool killed;
	bool let_go;
	const char *lost;
	int status;
};

static void set_state(struct exit_trace *trace, enum exit_state state, int status)
{
	uint64_t one = 1;

	pthread_mutex_lock(&trace->lock);
	trace->state = state;
	trace->status = status;
	pthread_cond_broadcast(&trace->changed);
	pthread_mutex_unlock(&trace->lock);
	while (write(trace->fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

static void wait_until_let_go(struct exit_trace *trace)
{
	pthread_mutex_lock(&trace->lock);
	while (!trace->let_go)
		pthread_cond_wait(&trace->changed, &trace->lock);
	trace->state = EXIT_RUNS;
	pthread_mutex_unlock(&trace->lock);
}

static pid_t find_other(pid_t pid, pid_t but)
{
	struct process process = process_named(pid);
	pid_t *tids = NULL, found = 0;
	size_t capacity = 0;
	ssize_t nr = process_threads(&process, &tids, &capacity);

	for (ssize_t i = 0; i < nr && !found; i++) {
		struct proc_stat stat;

		if (tids[i] != but &&
		    process_thread_stat(&process, tids[i], &stat) == 0 &&
		    stat.state != 'Z' && stat.state != 'X' && stat.state != 'x')
			found = tids[i];
	}
	free(tids);
	return found;
}

/* Returns the system call that a stopped or sleeping thread is in, or -1. */
static long current_call(pid_t pid, pid_t tid)
{
	struct process process = process_named(pid);
	struct proc_call call;

	return process_thread_call(&process, tid, &call) == 0 ? call.nr : -1;
}

enum ending {
	ENDS_PROCESS,
	ENDS_ALONE,   /* other threads continue */
	ENDS_IN_EXEC, /* another thread called exec, and takes over this thread's id */
};

/* A thread is stopped in its exit. Finds out what ends with it. */
static enum ending find_ending(pid_t pid, pid_t tid)
{
	int64_t limit_ns = clock_mono_ns() + OTHERS_LIMIT_NS;
	long call = current_call(pid, tid), others_call;
	pid_t other;

	if (call == SYS_exit_group)
		return ENDS_PROCESS;
	while ((other = find_other(pid, tid)) != 0) {
		others_call = current_call(pid, other);
		if (others_call == SYS_execve || others_call == SYS_execveat)
			return ENDS_IN_EXEC;
		if (call == SYS_exit || clock_mono_ns() > limit_ns)
			return ENDS_ALONE;
		clock_sleep_ns(STEP_NS);
	}
	return ENDS_PROCESS;
}

static void stop_tracing(struct exit_trace *trace, pid_t tid, const char *why)
{
	ptrace(PTRACE_DETACH, tid, NULL, NULL);
	pthread_mutex_lock(&trace->lock);
	trace->lost = why;
	pthread_mutex_unlock(&trace->lock);
}

static void hold_until_released(struct exit_trace *trace, pid_t tid)
{
	unsigned long status = 0;

	ptrace(PTRACE_GETEVENTMSG, tid, NULL, &status);
	pthread_mutex_lock(&trace->lock);
	trace->held_ns = clock_mono_ns();
	trace->killed = WIFSIGNALED((int)status);
	pthread_mutex_unlock(&trace->lock);
	set_state(trace, EXIT_HELD, 0);
	wait_until_let_go(trace);
}

/* Traces another thread from now on, or the one that has called exec as soon as possible.
 * This works only after the ending thread is gone: exec waits for its end, and seizing
 * waits for exec. */
static bool take_other(pid_t pid, pid_t but, bool after_exec)
{
	int64_t limit_ns = clock_mono_ns() + EXEC_LIMIT_NS;
	pid_t other = pid;

	while (after_exec || (other = find_other(pid, but)) != 0) {
		if (ptrace(PTRACE_SEIZE, other, NULL, (void *)TRACED_OPTIONS) == 0)
			return true;
		if (clock_mono_ns() > limit_ns)
			return false;
		clock_sleep_ns(STEP_NS / 10);
	}
	return false;
}

static void stand_in_exit(struct exit_trace *trace, pid_t tid)
{
	enum ending ending = find_ending(trace->pid, tid);

	if (ending == ENDS_PROCESS)
		hold_until_released(trace, tid);
	ptrace(PTRACE_CONT, tid, NULL, NULL);
	if (ending == ENDS_PROCESS || take_other(trace->pid, tid, ending == ENDS_IN_EXEC))
		return;
	pthread_mutex_lock(&trace->lock);
	trace->lost = "its first thread ended before the others";
	pthread_mutex_unlock(&trace->lock);
}

static bool stops_by_default(int signal)
{
	return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN ||
	       signal == SIGTTOU;
}

static void handle_stop(struct exit_trace *trace, pid_t tid, int status)
{
	int signal = WSTOPSIG(status);
	intptr_t pass = 0;

	switch (status >> 16) {
	case PTRACE_EVENT_EXIT:
		stand_in_exit(trace, tid);
		return;
	case PTRACE_EVENT_EXEC:
		if (sanitizer_traces(tid)) {
			stop_tracing(
				trace, tid,
				"it uses LeakSanitizer, which works only if nothing else "
				"traces the program");
			return;
		}
		break;
	case PTRACE_EVENT_STOP:
		/* The process is stopped, and remains so until SIGCONT. */
		if (stops_by_default(signal)) {
			ptrace(PTRACE_LISTEN, tid, NULL, NULL);
			return;
		}
		break;
	default:
		pass = signal;
	}
	ptrace(PTRACE_CONT, tid, NULL, pass);
}

static void *run_trace(void *arg)
{
	struct exit_trace *trace = arg;
	long rc = ptrace(PTRACE_SEIZE, trace->pid, NULL, (void *)TRACED_OPTIONS);
	int status = 0;

	pthread_mutex_lock(&trace->lock);
	trace->seized = rc == 0;
	trace->refused = rc == 0 ? 0 : errno;
	pthread_cond_broadcast(&trace->changed);
	pthread_mutex_unlock(&trace->lock);
	if (rc != 0)
		return NULL;
	for (;;) {
		pid_t tid = waitpid(-1, &status, __WALL | __WNOTHREAD);

		/* It is no longer traced, and is a child of another of our threads. */
		if (tid < 0 && errno == ECHILD)
			tid = waitpid(trace->pid, &status, 0);
		if (tid < 0 && errno == EINTR)
			continue;
		if (tid < 0)
			break;
		if (WIFSTOPPED(status))
			handle_stop(trace, tid, status);
		else if (tid == trace->pid)
			break;
	}
	set_state(trace, EXIT_ENDED, status);
	return NULL;
}

static struct exit_trace *trace_alloc(pid_t pid)
{
	struct exit_trace *trace = calloc(1, sizeof(*trace));

	if (!trace)
		return NULL;
	trace->pid = pid;
	trace->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&trace->lock, NULL);
	threads_init_cond(&trace->changed);
	return trace;
}

static void trace_destroy(struct exit_trace *trace)
{
	pthread_cond_destroy(&trace->changed);
	pthread_mutex_destroy(&trace->lock);
	if (trace->fd >= 0)
		close(trace->fd);
	free(trace);
}

struct exit_trace *exit_trace_new(pid_t pid, struct err *e)
{
	struct exit_trace *trace = trace_alloc(pid);

	if (!trace || trace->fd < 0 ||
	    threads_start(&trace->thread, run_trace, trace) != 0) {
		err_set(e, ERR_NOMEM, "there is no memory to trace it");
		if (trace)
			trace_destroy(trace);
		return NULL;
	}
	pthread_mutex_lock(&trace->lock);
	while (!trace->seized && !trace->refused)
		pthread_cond_wait(&trace->changed, &trace->lock);
	pthread_mutex_unlock(&trace->lock);
	if (trace->seized)
		return trace;
	pthread_join(trace->thread, NULL);
	err_set(e, ERR_PERM, "ptrace is not permitted (%s)", strerror(trace->refused));
	trace_destroy(trace);
	return NULL;
}

void exit_trace_free(struct exit_trace *trace)
{
	if (!trace)
		return;
	exit_trace_let_go(trace);
	pthread_join(trace->thread, NULL);
	trace_destroy(trace);
}

int exit_trace_fd(const struct exit_trace *trace)
{
	return trace->fd;
}

enum exit_state exit_trace_state(struct exit_trace *trace)
{
	enum exit_state state;

	pthread_mutex_lock(&trace->lock);
	state = trace->state;
	pthread_mutex_unlock(&trace->lock);
	return state;
}

int64_t exit_trace_held_ns(struct exit_trace *trace)
{
	int64_t held_ns;

	pthread_mutex_lock(&trace->lock);
	held_ns = trace->held_ns;
	pthread_mutex_unlock(&trace->lock);
	return held_ns;
}

bool exit_trace_killed(struct exit_trace *trace)
{
	bool killed;

	pthread_mutex_lock(&trace->lock);
	killed = trace->killed;
	pthread_mutex_unlock(&trace->lock);
	return killed;
}

const char *exit_trace_lost(struct exit_trace *trace)
{
	const char *lost;

	pthread_mutex_lock(&trace->lock);
	lost = trace->lost;
	pthread_mutex_unlock(&trace->lock);
	return lost;
}

void exit_trace_let_go(struct exit_trace *trace)
{
	pthread_mutex_lock(&trace->lock);
	trace->let_go = true;
	pthread_cond_broadcast(&trace->changed);
	pthread_mutex_unlock(&trace->lock);
}

bool exit_trace_wait(struct exit_trace *trace, int limit_ms, int *status)
{
	int64_t limit_ns = clock_mono_ns() + limit_ms * CLOCK_MS_NS;
	struct timespec limit = clock_to_timespec(limit_ns);
	bool ended;
	int rc = 0;

	pthread_mutex_lock(&trace->lock);
	while (trace->state != EXIT_ENDED && rc == 0)
		rc = limit_ms < 0 ? pthread_cond_wait(&trace->changed, &trace->lock)
				  : pthread_cond_timedwait(&trace->changed, &trace->lock,
							   &limit);
	ended = trace->state == EXIT_ENDED;
	*status = trace->status;
	pthread_mutex_unlock(&trace->lock);
	return ended;
}
