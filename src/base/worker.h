/* SPDX-License-Identifier: MIT */
/*
 * A thread for work that may block in the kernel for ever: reading the memory or the files of
 * a process may wait for a page or an answer that never comes. Whoever waits for the work can
 * give it up. A worker that was given up never runs another instruction of the work: a signal
 * ends its thread the moment its system call returns, if it ever does. So nothing that the
 * work uses needs a lock, but what the kernel may still write into must never be freed.
 */
#ifndef BASE_WORKER_H
#define BASE_WORKER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum worker_end {
	WORKER_DONE,
	WORKER_STALLED, /* given up: it slept in one call all the time */
	WORKER_STOPPED, /* given up: it slept, and the caller wanted to end */
	WORKER_LEFT,    /* it goes on, but is not waited for any more */
};

/* How long work may be waited for. */
struct worker_limits {
	/* Asleep in one system call that reads, or in one page fault, and never on a CPU
	 * meanwhile. A loaded machine, work that takes long and a stop do not count. */
	int64_t stall_ns;
	bool any_call;    /* whatever system call it sleeps in */
	int64_t leave_ns; /* wait no longer, whatever it does; 0: as long as it takes */
	/* True: the caller wants to end. NULL: it never does. Asked often. */
	bool (*stopped)(void *ctx);
	void *ctx;
};

struct worker;

/* NULL: no memory, or no thread can be started. */
struct worker *worker_new(void);
/* Only of one that was not given up: ends its thread. */
void worker_free(struct worker *worker);
/* Runs job(arg) in the worker's thread and waits. After any other end than WORKER_DONE the
 * worker is lost: worker_returned() alone may be asked of it, and not even that of one that
 * was left. */
enum worker_end worker_run(struct worker *worker, void (*job)(void *arg), void *arg,
			   const struct worker_limits *limits);
/* Of one that was given up: whether its call has returned after all, and its thread is gone. */
bool worker_returned(const struct worker *worker);
/* How many were given up in this process and have not returned. */
int worker_lost(void);

/* What a thread of this process does, as the kernel says. */
struct worker_sight {
	bool asleep;       /* in a call that reads, or in a page fault */
	bool asleep_any;   /* in any call */
	uint64_t switches; /* times that it has left a CPU */
	char call[128];    /* the kernel's line about its system call; "": not known */
};
/* False: it is gone, or /proc does not say. */
bool worker_see(pid_t tid, struct worker_sight *sight);

#endif
