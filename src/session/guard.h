/* SPDX-License-Identifier: MIT */
/*
 * Runs what reads a target in a worker that can be abandoned, because such a read may
 * block in the kernel forever. One worker serves all targets of a session; if it is lost,
 * that counts against the target it was reading.
 */
#ifndef SESSION_GUARD_H
#define SESSION_GUARD_H

#include "session/access.h"

struct guard {
	struct worker *worker; /* NULL if none has been started */
	/* Returns true if the caller wants to end; or NULL. */
	bool (*stopped)(void);
	struct pages *pages; /* whose worker those of all targets use, or NULL */
	int cancel;          /* atomic; nonzero cancels a long sample */
	bool unfinished;     /* an abandoned job may still use our tables */
	int64_t stall_ns;    /* longest time asleep in one read */
};

void guard_init(struct guard *guard, bool (*stopped)(void));
/* From now on, all targets use one thread to read memory that is not present. */
void guard_share_pages(struct guard *guard);
/* Ends the worker. If guard->unfinished is set, a job may still use what it was given. */
void guard_release(struct guard *guard);
/*
 * Runs a job that reads the target, or calls it if the target is not a process. Returns
 * ERR_TIMEOUT, with a message, if nothing answers or the caller wants to end. Then the
 * source's data are lost: they are neither used nor freed any more. target.mute is set,
 * and neither memory nor files are read until they answer again.
 */
int guard_run(struct guard *guard, struct access *access, void (*job)(void *arg),
	      void *arg, struct err *e);
/* The same for a job that reads one target after another. *current is the one that it is
 * reading, and counts as the one that does not answer. */
int guard_run_several(struct guard *guard, struct access *const *current,
		      void (*job)(void *arg), void *arg, struct err *e);
/* Like guard_run() for closing a source, with a short timeout. Returns false if it did not
 * end. */
bool guard_run_close(struct guard *guard, struct access *access, void (*job)(void *arg),
		     void *arg);
/* Returns true if the caller wants to end. */
bool guard_stopped(struct guard *guard);
/* Clears target.mute once everything that was abandoned has answered. */
void guard_refresh(struct access *access);
/* Prepares access for a process. */
void guard_attach(struct guard *guard, struct access *access, pid_t pid);
/* Frees what access has for reading memory. */
void guard_detach(const struct guard *guard, struct access *access);

#endif
