/* SPDX-License-Identifier: MIT */
/*
 * A thread for work that may block in the kernel forever: reading the memory or the files
 * of a process may wait for a page or a response that never comes. The caller that waits
 * for the work can abandon it. An abandoned worker never executes another instruction of
 * the work, because a signal ends its thread as soon as its system call returns, if it
 * ever does. The work therefore needs no locks, but memory that the kernel may still
 * write to must never be freed.
 */
#ifndef BASE_WORKER_H
#define BASE_WORKER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum worker_end {
	WORKER_DONE,
	WORKER_STALLED, /* abandoned: it slept in one call all the time */
	WORKER_STOPPED, /* abandoned: it slept, and the caller wanted to stop */
	WORKER_LEFT,    /* still running, but no longer waited for */
};

/* Limits on waiting for a job. */
struct worker_limits {
	/* Maximum time asleep in one system call that reads, or in one page fault,
	 * without running on a CPU in between. A loaded machine, long computations and a
	 * stopped process do not count. */
	int64_t stall_ns;
	bool any_call;    /* count sleeping in any system call */
	int64_t leave_ns; /* maximum time to wait in any case; 0 for no limit */
	/* Returns true if the caller wants to stop. Called often. NULL if it never
	 * does. */
	bool (*stopped)(void *ctx);
	void *ctx;
};

struct worker;

/* Returns NULL if there is no memory or no thread can be started. */
struct worker *worker_new(void);
/* Ends the worker's thread. Do not call this for an abandoned worker. */
void worker_free(struct worker *worker);
/* Runs job(arg) in the worker's thread and waits for it. If the result is not
 * WORKER_DONE, the worker is lost: only worker_returned() may be called for it then, and
 * after WORKER_LEFT not even that. */
enum worker_end worker_run(struct worker *worker, void (*job)(void *arg), void *arg,
			   const struct worker_limits *limits);
/* Returns whether the call of an abandoned worker has returned and its thread has
 * ended. */
bool worker_returned(const struct worker *worker);
/* Returns the number of abandoned workers of this process that have not returned. */
int worker_lost(void);

/* The state of a thread of this process as reported by the kernel. */
struct worker_sight {
	bool asleep;       /* in a call that reads, or in a page fault */
	bool asleep_any;   /* in any call */
	uint64_t switches; /* number of times that it has left a CPU */
	/* the kernel's description of its system call; "" if unknown */
	char call[128];
};

#endif
