/* SPDX-License-Identifier: MIT */
/* Samples a target at regular times for a given duration, for the commands that judge
 * it. */
#ifndef CLI_SPAN_H
#define CLI_SPAN_H

#include "cli/options.h"
#include "cli/target.h"
#include "session/session.h"

struct span {
	struct session session;
	bool opened;
	int64_t interval_ns, end_ns; /* CLOCK_MONOTONIC */
	int64_t due_ns;
	int64_t first_ns, last_ns; /* of the samples, in the target's time */
	uint64_t nr_samples;
	struct snapshot *last; /* a reference, or NULL */
	bool ended;            /* the target has ended */
	bool replay, replay_over;
	size_t unread; /* snapshots that cannot be read, and why the first could not */
	char unread_why[256];
	bool fixed;         /* a file that is not a recording: one sample is enough */
	const int *wake_fd; /* when readable, the next sample is taken at once; or NULL */
	bool woken;
	int64_t least_ns;             /* watching time before growth counts as a leak */
	const struct source_ops *ops; /* of the last sample */
};

/* Attaches to the target. for_ns is 0 for no end. Returns an
 * exit code, after a message on failure; call span_close() in both cases. Catches SIGINT,
 * SIGTERM and SIGHUP. */
int span_open(struct span *span, const struct options *options, struct target *target,
	      int64_t for_ns);
void span_close(struct span *span);
/* Waits for the next sample and stores it in span->last. Returns false at the end: of the
 * time, of the target, by a signal or wake_fd, or after an error in e->code. */
bool span_next(struct span *span, struct err *e);
/* Reads --for; the default is usual_ns. Returns 0 or ERR_USAGE. */
int span_length(const struct options *options, int64_t usual_ns, int64_t *for_ns,
		struct err *e);
bool span_stopped(void);
/* From now on SIGINT, SIGTERM and SIGHUP only make span_stopped() return true.
 * span_open() calls it too. */
void span_catch_signals(void);
/* If one of them came, ends this process by it. */
void span_end_by_signal(void);
/* Takes the next sample after in_ns, unless it is due earlier. */
void span_hurry(struct span *span, int64_t in_ns);
/* Returns true if wake_fd is readable. */
bool span_woken(const struct span *span);

#endif
