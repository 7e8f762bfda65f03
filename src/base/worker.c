/* SPDX-License-Identifier: MIT */
/* Work that can be abandoned. Whether a worker is stuck is decided by what the kernel
 * reports about its thread, never by time alone. */
#include "base/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/fdio.h"
#include "base/threads.h"

#define WORKER_SIGNAL (SIGRTMAX - 3)
#define FIRST_STEP_NS                                                                    \
	(50 * CLOCK_MS_NS) /* time before the first check; most work is done by then */
#define STEP_NS     (20 * CLOCK_MS_NS)
#define STEPS_LEAST 8 /* consecutive checks that must find it asleep */
#define STOP_NS     (200 * CLOCK_MS_NS)

enum fate {
	FATE_WORKS,
	/* the signal has been sent; the worker is stuck if it cannot be delivered */
	FATE_ASKED,
	FATE_AWAKE, /* the signal was delivered; the work continues */
	FATE_LOST,
};

struct worker {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed; /* CLOCK_MONOTONIC */
	pid_t tid;
	void (*job)(void *arg); /* NULL if no job is running */
	void *arg;
	bool ends;
	int fate;     /* enum fate; atomic, because the signal handler changes it too */
	int returned; /* atomic: the thread of an abandoned worker has ended */
};

static int lost_workers; /* atomic */
static pthread_once_t prepared = PTHREAD_ONCE_INIT;
static pthread_key_t own_worker;

/* Runs in the worker's thread as soon as it returns from the kernel. A worker that has
 * been abandoned must not run any other code, not even the usual thread termination. */
static void on_signal(int number)
{
	struct worker *worker = pthread_getspecific(own_worker);
	int asked = FATE_ASKED;

	(void)number;
	if (!worker ||
	    __atomic_compare_exchange_n(&worker->fate, &asked, FATE_AWAKE, false,
					__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		return;
	if (asked != FATE_LOST)
		return;
	__atomic_sub_fetch(&lost_workers, 1, __ATOMIC_SEQ_CST);
	__atomic_store_n(&worker->returned, 1, __ATOMIC_SEQ_CST);
	for (;;)
		syscall(SYS_exit, 0);
}

static void install_signal_handler(void)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

	sigfillset(&action.sa_mask);
	pthread_key_create(&own_worker, NULL);
	sigaction(WORKER_SIGNAL, &action, NULL);
}

static void *worker_main(void *arg)
{
	struct worker *worker = arg;

	pthread_setspecific(own_worker, worker);
	pthread_mutex_lock(&worker->lock);
	worker->tid = (pid_t)syscall(SYS_gettid);
	pthread_cond_broadcast(&worker->changed);
	while (!worker->ends) {
		void (*job)(void *) = worker->job;

		if (!job) {
			pthread_cond_wait(&worker->changed, &worker->lock);
			continue;
		}
		pthread_mutex_unlock(&worker->lock);
		job(worker->arg);
		pthread_mutex_lock(&worker->lock);
		worker->job = NULL;
		pthread_cond_broadcast(&worker->changed);
	}
	pthread_mutex_unlock(&worker->lock);
	return NULL;
}

/* All signals are blocked except the worker's own and those that its own faults raise;
 * they are left to other threads. */
static int start_thread(struct worker *worker)
{
	static const int own[] = {SIGBUS, SIGSEGV, SIGILL, SIGFPE, SIGTRAP, SIGSYS};
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	sigdelset(&all, WORKER_SIGNAL);
	for (size_t i = 0; i < ARRAY_COUNT(own); i++)
		sigdelset(&all, own[i]);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&worker->thread, NULL, worker_main, worker);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

struct worker *worker_new(void)
{
	struct worker *worker = calloc(1, sizeof(*worker));

	if (!worker)
		return NULL;
	pthread_once(&prepared, install_signal_handler);
	pthread_mutex_init(&worker->lock, NULL);
	threads_init_cond(&worker->changed);
	if (start_thread(worker) != 0) {
		pthread_cond_destroy(&worker->changed);
		pthread_mutex_destroy(&worker->lock);
		free(worker);
		return NULL;
	}
	pthread_mutex_lock(&worker->lock);
	while (!worker->tid)
		pthread_cond_wait(&worker->changed, &worker->lock);
	pthread_mutex_unlock(&worker->lock);
	return worker;
}

void worker_free(struct worker *worker)
{
	if (!worker)
		return;
	pthread_mutex_lock(&worker->lock);
	worker->ends = true;
	pthread_cond_broadcast(&worker->changed);
	pthread_mutex_unlock(&worker->lock);
	pthread_join(worker->thread, NULL);
	pthread_cond_destroy(&worker->changed);
	pthread_mutex_destroy(&worker->lock);
	free(worker);
}

/* Returns whether a system call can block on a page or on the response of a file system.
 * A sleep, a poll or a wait for another thread ends by other means. */
static bool call_reads(long nr)
{
	static const long reading[] = {
		SYS_read,
		SYS_pread64,
		SYS_readv,
		SYS_preadv,
		SYS_openat,
		SYS_fstat,
		SYS_statx,
		SYS_newfstatat,
		SYS_getdents64,
		SYS_readlinkat,
		SYS_faccessat,
		SYS_close,
		SYS_mmap,
		SYS_munmap,
		SYS_sendfile,
		SYS_ioctl,
		SYS_statfs,
		SYS_fstatfs,
		SYS_fadvise64,
		SYS_copy_file_range,
		SYS_process_vm_readv,
#ifdef SYS_open
		SYS_open,
		SYS_stat,
		SYS_lstat,
		SYS_readlink,
		SYS_access,
#endif
	};

	for (size_t i = 0; i < ARRAY_COUNT(reading); i++)
		if (reading[i] == nr)
			return true;
	return nr == -1; /* a page fault */
}

/* Returns the number that follows a key in a status file. */
static uint64_t status_number(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	return at ? strtoull(at + strlen(key), NULL, 10) : 0;
}

/* Returns false if the thread has ended or /proc has no information. */
static bool worker_see(pid_t tid, struct worker_sight *sight)
{
	char path[64], text[4096];
	const char *state;
	char *end;
	long nr;

	memset(sight, 0, sizeof(*sight));
	snprintf(path, sizeof(path), "/proc/self/task/%d/status", (int)tid);
	if (fdio_read_small(AT_FDCWD, path, text, sizeof(text)) <= 0)
		return false;
	state = strstr(text, "\nState:\t");
	/* D: uninterruptible, or interruptible only by the end of the process. */
	sight->asleep_any = state && (state[8] == 'S' || state[8] == 'D');
	sight->switches = status_number(text, "\nvoluntary_ctxt_switches:\t") +
			  status_number(text, "\nnonvoluntary_ctxt_switches:\t");
	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", (int)tid);
	if (fdio_read_small(AT_FDCWD, path, sight->call, sizeof(sight->call)) <= 0) {
		/* If the kernel does not report which call it is, only one kind of sleep
		 * is certain. */
		sight->call[0] = '\0';
		sight->asleep = state && state[8] == 'D';
		return true;
	}
	nr = strtol(sight->call, &end, 10);
	sight->asleep = sight->asleep_any && end != sight->call && call_reads(nr);
	return true;
}

static bool wants_end(const struct worker_limits *limits)
{
	return limits->stopped && limits->stopped(limits->ctx);
}

/* Waits for the end of the work. The lock must be held. */
static bool wait_step(struct worker *worker, int64_t step_ns)
{
	int64_t until_ns = clock_mono_ns() + step_ns;
	struct timespec until = clock_to_timespec(until_ns);

	while (worker->job &&
	       pthread_cond_timedwait(&worker->changed, &worker->lock, &until) == 0)
		;
	return !worker->job;
}

/*
 * The worker seems to be stuck. It is abandoned if a signal sent to it cannot be
 * delivered: then it is inside the kernel and will receive the signal on its way out. The
 * lock must be held. Returns false if the worker has continued.
 */
static bool abandon_if_stuck(struct worker *worker, bool any_call)
{
	struct worker_sight before, now;
	int asked = FATE_ASKED, seen = 0;

	__atomic_store_n(&worker->fate, FATE_ASKED, __ATOMIC_SEQ_CST);
	if (syscall(SYS_tgkill, getpid(), worker->tid, WORKER_SIGNAL) != 0)
		return false;
	before.switches = 0;
	while (seen < 3) {
		bool asleep;

		if (wait_step(worker, STEP_NS / 4) ||
		    __atomic_load_n(&worker->fate, __ATOMIC_SEQ_CST) != FATE_ASKED)
			return false;
		if (!worker_see(worker->tid, &now))
			return false;
		asleep = any_call ? now.asleep_any : now.asleep;
		seen = asleep && now.switches == before.switches ? seen + 1 : 0;
		before = now;
	}
	return __atomic_compare_exchange_n(&worker->fate, &asked, FATE_LOST, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* The lock must be held and a job must be running. */
static enum worker_end wait_for_job(struct worker *worker,
				    const struct worker_limits *limits)
{
	struct worker_sight last = {.asleep = false}, now;
	int64_t since_ns = 0, begin_ns = clock_mono_ns();
	int steps = 0;

	if (wait_step(worker, FIRST_STEP_NS))
		return WORKER_DONE;
	for (;;) {
		bool stop = wants_end(limits), asleep;
		int64_t now_ns = clock_mono_ns();
		int64_t limit_ns =
			stop && STOP_NS < limits->stall_ns ? STOP_NS : limits->stall_ns;

		asleep = worker_see(worker->tid, &now) &&
			 (limits->any_call || stop ? now.asleep_any : now.asleep);
		if (!asleep || now.switches != last.switches ||
		    strcmp(now.call, last.call) != 0) {
			since_ns = now_ns;
			steps = 0;
		}
		last = now;
		if (++steps > STEPS_LEAST && now_ns - since_ns >= limit_ns) {
			if (abandon_if_stuck(worker, limits->any_call || stop))
				return stop ? WORKER_STOPPED : WORKER_STALLED;
			steps = 0;
			since_ns = clock_mono_ns();
		}
		if (limits->leave_ns > 0 && now_ns - begin_ns >= limits->leave_ns)
			return WORKER_LEFT;
		if (wait_step(worker, STEP_NS))
			return WORKER_DONE;
	}
}

enum worker_end worker_run(struct worker *worker, void (*job)(void *arg), void *arg,
			   const struct worker_limits *limits)
{
	enum worker_end end;

	pthread_mutex_lock(&worker->lock);
	worker->arg = arg;
	worker->job = job;
	__atomic_store_n(&worker->fate, FATE_WORKS, __ATOMIC_SEQ_CST);
	pthread_cond_broadcast(&worker->changed);
	end = wait_for_job(worker, limits);
	if (end == WORKER_STALLED || end == WORKER_STOPPED)
		__atomic_add_fetch(&lost_workers, 1, __ATOMIC_SEQ_CST);
	pthread_mutex_unlock(&worker->lock);
	return end;
}

bool worker_returned(const struct worker *worker)
{
	return __atomic_load_n(&worker->returned, __ATOMIC_SEQ_CST);
}

int worker_lost(void)
{
	return __atomic_load_n(&lost_workers, __ATOMIC_SEQ_CST);
}
