/* SPDX-License-Identifier: MIT */
/* Looks at a target at equal times for as long as told, for the commands that judge it. */
#ifndef CLI_SPAN_H
#define CLI_SPAN_H

#include "cli/options.h"
#include "session/look.h"

struct span {
	struct look look;
	bool opened;
	int64_t interval_ns, end_ns; /* CLOCK_MONOTONIC */
	int64_t due_ns;
	int64_t first_ns, last_ns; /* of the looks, in the target's time */
	uint64_t looks;
	struct snapshot *last; /* a reference, or NULL */
	bool ended;            /* the target has */
	bool replay, replay_over;
	size_t unread; /* pictures of the recording, and why not the first of them */
	char unread_why[256];
	bool fixed;         /* a file that is not a recording: one look says it all */
	const int *wake_fd; /* readable: the next look is not waited for; or NULL */
	bool woken;
	int64_t least_ns;             /* of a watch before growth is a leak */
	const struct source_ops *ops; /* of the last look */
};

/* Attach to pid, or to `other` if that is not NULL. for_ns: 0 for no end. Returns an exit
 * code after a complaint; span_close() in both cases. Catches SIGINT, SIGTERM and SIGHUP. */
int span_open(struct span *span, const struct options *options, pid_t pid,
	      const char *other, int64_t for_ns);
void span_close(struct span *span);
/* Wait for the next look and take it: span->last. False when it is over: the time, the
 * target, a signal, wake_fd, or with e->code an error. */
bool span_next(struct span *span, struct err *e);
/* --for, or usual_ns. ERR_USAGE. */
int span_length(const struct options *options, int64_t usual_ns, int64_t *for_ns,
		struct err *e);
bool span_stopped(void);
/* From now on SIGINT, SIGTERM and SIGHUP only say so there. span_open() does it too. */
void span_catch_signals(void); /* by a signal */
/* The next look comes this soon, if it is not due before. */
void span_hurry(struct span *span, int64_t in_ns);
/* Whether wake_fd is readable. */
bool span_woken(const struct span *span);

#endif
