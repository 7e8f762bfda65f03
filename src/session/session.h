/* SPDX-License-Identifier: MIT */
/*
 * The folder src/session holds what the commands and the view share while they watch a
 * target: choosing a source, sampling at fixed times, and recording. It knows nothing
 * about options, messages or keys.
 *
 * A session watches one target, or several processes as one, and completes the snapshots
 * that their sources take. access.h reads one of them, members.h several, guard.h protects
 * from reads that block. One thread uses it.
 */
#ifndef SESSION_SESSION_H
#define SESSION_SESSION_H

#include <stdbool.h>

#include "core/feed.h"
#include "core/figures.h"
#include "core/group.h"
#include "core/track.h"
#include "core/verdict.h"
#include "session/access.h"
#include "session/guard.h"
#include "source/peers/holders.h"
#include "source/source.h"

struct members;
struct words;

struct session_options {
	const char *source; /* --source; NULL or "auto" means the best that fits */
	bool threads;
	bool runtime;
	bool ptrace;
	bool partial; /* watch it even if its threads' system calls cannot be read */
	bool follow;  /* show what "-" has brought while it is open */
	const char *user, *header; /* of a URL; NULL if none */
	/* Number of the dump in a text with several, from 1; 0 means any. */
	unsigned dump;
	struct thresholds rule;
	const struct stack_rules *stack_rules; /* or NULL; must outlive the session */
	/* Filters for known leaks and for groups that are not judged, one per line; or
	 * NULL. */
	const char *acknowledge, *suppress;
	int64_t warm_up_ns; /* 0 means the default */
	/* Returns true if the caller wants to end, which cancels a blocked sample. May be
	 * NULL. */
	bool (*stopped)(void);
};

struct session {
	struct session_options options;
	/* These outlive every snapshot that is taken. */
	struct intern *intern;
	struct stack_table *stacks;
	struct access access;    /* of the target, unless it is several */
	struct members *members; /* the processes of a target that is several, or NULL */
	struct guard guard;
	struct track *track;
	struct verdicts *verdicts;
	struct figures figures; /* of this target, while it is watched */
	struct grouping *grouping;
	const struct source_ops *grouped; /* the source of the tasks in grouping */
	struct holders *holders;
	/* State of a recording. */
	struct session_recording {
		struct snapshot *shown; /* the last snapshot shown, or NULL */
		size_t at;
		bool behind; /* groups and figures do not cover the time before it yet */
		struct thresholds rule; /* the rule that judged the snapshot */
		struct feed_place place;
	} recording;
};

/* Returns 0 or ERR_NOMEM; call session_release() in both cases. All functions here abandon a
 * read of a process that blocks, see guard.h. */
int session_init(struct session *session, const struct session_options *options,
		 struct err *e);
void session_release(struct session *session);
/* Watches this process from now on and forgets the previous one. On ERR_GONE, ERR_PERM,
 * ERR_NOTFOUND or ERR_UNSUPPORTED it cannot be watched and access.target.pid is 0. */
int session_attach(struct session *session, pid_t pid, struct err *e);
/* Like session_attach() for a URL, a file, or "-" with input_fd. text must outlive session. */
int session_attach_other(struct session *session, const char *text, int input_fd,
			 struct err *e);
/* Like session_attach() for all processes that the words mean, now and later. Takes
 * over words, also on failure. ERR_NOTFOUND if they mean none now and cannot mean one
 * later. */
int session_attach_several(struct session *session, struct words *words, struct err *e);
void session_detach(struct session *session);
/* Returns an empty task history, for another target. NULL if out of memory. */
struct track *session_new_track(void);
/* Takes a complete snapshot; the caller gets one reference. ERR_GONE means that the
 * target ended. Other errors may be temporary: the next call tries again with the source
 * that fits then. */
int session_sample(struct session *session, const struct source_focus *focus,
		   struct snapshot **snapshot, struct err *e);
/* These move to another snapshot of a recording, see source/replay.h. */
void session_move(struct session *session, int samples, int64_t by_ns);
void session_seek(struct session *session, int64_t real_ns);
void session_play(struct session *session, double speed);
/* The position of the last snapshot in a recording. */
const struct feed_place *session_place(const struct session *session);
/* When a recording has a new snapshot (CLOCK_MONOTONIC), or INT64_MAX. */
int64_t session_due_ns(const struct session *session);
/* session_sample() for a recording. Returns the same snapshot while nothing has changed. */
int session_recorded(struct session *session, bool all, struct snapshot **snapshot,
		     struct err *e);
/* Starts or stops proving which tasks nothing alive can wake; the next snapshots report the
 * progress. ERR_UNSUPPORTED if the source in use cannot. */
int session_prove(struct session *session, bool start, struct err *e);
/* Returns true while a proof runs, also if only in one of several processes, and how much of
 * it is done. Takes no sample. */
bool session_proving(const struct session *session, unsigned *percent);
/* Returns true if the kernel reports that the process has ended, or all of several. Never
 * blocks. */
bool session_ended(const struct session *session);
/* Returns the descriptor that becomes readable when the process has ended, or -1. */
int session_end_fd(const struct session *session);
/* Returns whether the target is a process, or several. */
bool session_is_live(const struct session *session);
/* Returns whether it is attached to any target. */
bool session_has_target(const struct session *session);

#endif
