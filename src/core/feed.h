/* SPDX-License-Identifier: MIT */
/*
 * How a view gets its snapshots without knowing where they come from. cli implements it
 * with a thread that polls a source; the view never waits for a target. All calls are made
 * by the view's thread.
 */
#ifndef CORE_FEED_H
#define CORE_FEED_H

#include "base/err.h"
#include "core/snapshot.h"
#include "core/stuck.h"
#include "core/track.h"

enum feed_status {
	FEED_CONNECTING, /* no picture yet */
	FEED_LIVE,
	FEED_FAILING, /* the last poll failed; the picture before it stays */
	FEED_ENDED,   /* the target ended; the last picture stays */
	FEED_REPLAY,  /* a picture of a recording; it grows no older */
	FEED_WAITING, /* --wait: looking for its next incarnation by name */
};

/* Where in a recording the picture is. */
struct feed_place {
	size_t at, count; /* its number from 0, of `count`; 0 of 0: no recording */
	int64_t first_real_ns, last_real_ns;
	double speed; /* it plays; 0: it does not */
	bool follow;  /* it is the last one, and what is added is shown */
	bool over;    /* it came through a pipe, which has ended */
};

/* What is being written, see record(). */
struct feed_recorder {
	bool on;
	bool failing; /* the last write failed, see message; it is tried again */
	int64_t bytes, begin_ns;
	char path[256];
	char message[ERR_TEXT_MAX];
};

struct feed_state {
	enum feed_status status;
	/* error of the last poll, or why it ended; "" if none */
	char message[ERR_TEXT_MAX];
	int64_t poll_ns; /* how long the last poll took */
	uint64_t polls;
	struct feed_place place;
	struct feed_recorder recorder;
};

/* A row of the process list. Texts live until the next processes() call. */
struct process_row {
	pid_t pid;
	/* the best that fits: "agent", "native"; "?": not known yet; "-": none, or not asked */
	const char *source;
	int64_t tasks; /* threads */
	int64_t rss_bytes;
	double cpu_percent; /* -1: not known yet */
	const char *user;
	const char *name;
	const char *command; /* command line, cut */
	bool allowed;        /* may be watched */
};

struct feed_ops {
	/* Becomes readable when there is something new; clear() empties it. */
	int (*fd)(void *ctx);
	void (*clear)(void *ctx);
	/* Newest snapshot (a reference that the caller drops), or NULL if none yet. */
	struct snapshot *(*latest)(void *ctx, struct feed_state *state);
	void (*refresh)(void *ctx); /* poll now */
	void (*set_interval)(void *ctx, int64_t interval_ns);
	void (*set_rule)(void *ctx, const struct stuck_rule *rule);
	/* In a recording: by a number of samples, or by a time (not 0), on or back. */
	void (*move)(void *ctx, int samples, int64_t by_ns);
	/* To the picture of this time, by the clock of the day. */
	void (*seek)(void *ctx, int64_t real_ns);
	/* Play from here at `speed` times its pace; 0: stand still. */
	void (*play)(void *ctx, double speed);
	/* Ask for the whole stack of this task in the snapshots to come. id 0: none. */
	void (*focus)(void *ctx, enum task_kind kind, uint64_t id, uint64_t serial);
	size_t (*history)(void *ctx, enum task_kind kind, uint64_t id, uint64_t serial,
			  struct history_entry *out, size_t max);
	/* The process list, for the picker and P; rows live until the next call. */
	int (*processes)(void *ctx, const struct process_row **rows, size_t *count,
			 struct err *e);
	/* Watch another process from now on. */
	int (*attach)(void *ctx, pid_t pid, struct err *e);
	/* Write every look from now on, also while nobody takes it, into a new file in the
	 * working directory; or stop. How it goes stands in feed_state. */
	int (*record)(void *ctx, const struct snapshot *snapshot, bool on, struct err *e);
	/* Prove which tasks nothing alive can wake, or stop that; see snapshot->proving. */
	void (*prove)(void *ctx, bool start);
	/* Filters, one a line, of what never leaks: from the next look on. */
	int (*set_acknowledge)(void *ctx, const char *filters, struct err *e);
	/* Write the snapshot as JSON into a new file in the working directory; its path is
	 * left in `path`. */
	int (*write_dump)(void *ctx, const struct snapshot *snapshot, char *path,
			  size_t size, struct err *e);
};

struct feed {
	const struct feed_ops *ops;
	void *ctx;
};

#endif
