/* SPDX-License-Identifier: MIT */
/*
 * The folder src/session has what the commands and the view share while they watch a
 * target: they choose a source, take samples at fixed times, and record. It does not know
 * options, messages or keys.
 *
 * One target watched through one source at a time: opens the best one, changes over when a
 * better one appears or the chosen one fails, completes the snapshots. One thread uses it.
 */
#ifndef SESSION_LOOK_H
#define SESSION_LOOK_H

#include <stdbool.h>

#include "core/feed.h"
#include "core/figures.h"
#include "core/group.h"
#include "core/track.h"
#include "core/verdict.h"
#include "source/peers/holders.h"
#include "source/source.h"

struct look_options {
	const char *source; /* --source; NULL or "auto": the best that fits */
	bool threads;
	bool runtime;
	bool ptrace;
	bool partial; /* watch it too where what its threads wait for may not be read */
	const char *user, *header; /* of a URL, or NULL */
	unsigned dump;             /* of a text with several, from 1; 0: any */
	struct stuck_rule rule;
	const struct stack_rules *stack_rules; /* or NULL; outlive the look */
	/* filters of known leaks and of what is not judged, one a line; or NULL */
	const char *acknowledge, *suppress;
	int64_t warm_up_ns; /* 0: as usual */
	/* True: the caller wants to end, so a look that sleeps is given up; or NULL. */
	bool (*stopped)(void);
};

#define LOOK_LOST_MAX 4u

struct look {
	struct look_options options;
	/* These outlive every snapshot that is taken. */
	struct intern *intern;
	struct stack_table *stacks;
	struct source_target target;
	char text[24]; /* target.text: the pid */
	struct track *track;
	struct verdicts *verdicts;
	struct figures figures; /* of this target, while it is watched */
	struct grouping *grouping;
	const struct source_ops *grouped; /* whose tasks are in it */
	struct holders *holders;
	/* Of a recording. */
	struct look_recording {
		struct snapshot *shown; /* the last picture, or NULL */
		size_t at;
		bool behind; /* what was before it is not in groups and figures yet */
		struct stuck_rule rule; /* that it was judged by */
		struct feed_place place;
	} recording;
	const struct source_ops *ops; /* NULL: none is open */
	void *ctx;
	int cancel; /* atomic: not 0 makes a long look give up */
	int pidfd;  /* readable once the target has ended; -1: not known */
	int64_t next_probe_ns;
	int64_t probe_every_ns;
	/* Who reads processes, and those that were given up; look_guard.c. */
	struct look_guard {
		struct worker *worker; /* NULL: none is started yet */
		struct worker *lost[LOOK_LOST_MAX];
		size_t nr_lost;  /* that have not returned */
		unsigned total;  /* that were given up for this target */
		bool unfinished; /* something goes on that may use our tables */
		pid_t pid;       /* this target */
	} guard;
};

/* Returns 0 or ERR_NOMEM; release in both cases. What blocks while a process is read is
 * given up, in every function here: see look_run(). */
int look_init(struct look *look, const struct look_options *options, struct err *e);
void look_release(struct look *look);
/* Watch this process from now on; forgets the one before. ERR_GONE, ERR_PERM,
 * ERR_NOTFOUND, ERR_UNSUPPORTED: it cannot be watched; pid 0 afterwards. */
int look_attach(struct look *look, pid_t pid, struct err *e);
/* The same of a URL, a file or "-", which input_fd stands for. text must outlive look. */
int look_attach_other(struct look *look, const char *text, int input_fd, struct err *e);
void look_detach(struct look *look);
/* Forget the history of tasks: the next target is another process. */
struct track *look_new_track(void);
/* A completed snapshot with one reference. ERR_GONE: the target ended; other errors may
 * pass, the next call tries again with the source that then fits. */
int look_sample(struct look *look, const struct source_focus *focus,
		struct snapshot **snapshot, struct err *e);
/* In a recording: to another picture, see source/replay.h. */
void look_move(struct look *look, int samples, int64_t by_ns);
void look_seek(struct look *look, int64_t real_ns);
void look_play(struct look *look, double speed);
/* Where the last picture was. */
const struct feed_place *look_place(const struct look *look);
/* When a recording has something new by itself (CLOCK_MONOTONIC), or INT64_MAX. */
int64_t look_due_ns(const struct look *look);
/* look_sample() of a recording: the same snapshot again while nothing has changed. */
int look_recorded(struct look *look, bool all, struct snapshot **snapshot, struct err *e);
/* Prove which tasks nothing alive can wake, or stop doing so; the snapshots to come say how
 * it goes. ERR_UNSUPPORTED: the source in use cannot. */
int look_prove(struct look *look, bool start, struct err *e);
/* Whether the kernel says that the process is no more; never blocks. */
bool look_ended(const struct look *look);

/*
 * Run a job that reads the process that is watched where it can be given up. ERR_TIMEOUT,
 * with the sentence: it was, as nothing answers, or as the caller wants to end. What the
 * source had is lost then: it is neither used nor freed any more, and target.mute says that
 * neither memory nor files are to be read until they answer again.
 */
int look_run(struct look *look, void (*job)(void *arg), void *arg, struct err *e);
/* Whether the caller wants to end. */
bool look_stopped(struct look *look);
/* As look_run() for what ends a source, which is not waited for long. False: it did not end. */
bool look_run_close(struct look *look, void (*job)(void *arg), void *arg);
/* Whether everything has answered that was given up: target.mute. */
void look_guard_refresh(struct look *look);
void look_guard_attach(struct look *look, pid_t pid);
void look_guard_release(struct look *look);

#endif
