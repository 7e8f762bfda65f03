/* SPDX-License-Identifier: MIT */
/*
 * How a view obtains its snapshots without knowing their origin. cli implements this with
 * a thread that polls a source, so the view never waits for a target. All functions are
 * called by the view's thread.
 */
#ifndef CORE_FEED_H
#define CORE_FEED_H

#include "base/err.h"
#include "core/snapshot.h"
#include "core/threshold.h"
#include "core/track.h"

enum feed_status {
	FEED_CONNECTING, /* no snapshot yet */
	FEED_LIVE,
	FEED_FAILING, /* the last poll failed; the previous snapshot is still shown */
	FEED_ENDED,   /* the target has ended; the last snapshot is still shown */
	FEED_REPLAY,  /* a snapshot of a recording; its ages do not increase */
	FEED_WAITING, /* --wait: looking for the next process of this name */
};

/* Position in a recording. */
struct feed_place {
	/* number of the sample, from 0, and of samples; both are 0 if there is no
	 * recording */
	size_t at, count;
	int64_t first_real_ns, last_real_ns;
	double speed; /* playback speed; 0 if paused */
	bool follow;  /* the last sample is shown, and samples that are added will be */
	bool over;    /* the recording came through a pipe that has ended */
};

/* State of the recording that record() started. */
struct feed_recorder {
	bool on;
	bool failing; /* the last write failed (see message) and is repeated */
	int64_t bytes, begin_ns;
	char path[256];
	char message[ERR_TEXT_MAX];
};

struct feed_state {
	enum feed_status status;
	/* error of the last poll, or why the target ended; otherwise "" */
	char message[ERR_TEXT_MAX];
	int64_t poll_ns; /* duration of the last poll */
	uint64_t polls;
	struct feed_place place;
	struct feed_recorder recorder;
	uint64_t holds; /* the request of holds() that the snapshot answers */
};

/* A row of the process list. Its texts are valid until the next processes() call. */
struct process_row {
	pid_t pid;
	/* the best source: "agent", "native"; "?" if not known yet; "-" if there is none
	 * or it was not determined */
	const char *source;
	int64_t tasks; /* threads */
	int64_t rss_bytes;
	double cpu_percent; /* -1 if not known yet */
	const char *user;
	const char *name;
	const char *command; /* command line, cut */
	bool allowed;        /* whether the user may inspect it */
};

struct feed_ops {
	/* Becomes readable when a new snapshot is available. clear() resets it. */
	int (*fd)(void *ctx);
	void (*clear)(void *ctx);
	/* Returns a reference to the newest snapshot, which the caller drops, or NULL if
	 * there is none yet. */
	struct snapshot *(*latest)(void *ctx, struct feed_state *state);
	void (*refresh)(void *ctx); /* poll now */
	void (*set_interval)(void *ctx, int64_t interval_ns);
	void (*set_thresholds)(void *ctx, const struct thresholds *rule);
	/* In a recording: move by a number of samples, or by a time that is not 0, in
	 * either direction. */
	void (*move)(void *ctx, int samples, int64_t by_ns);
	/* Move to the sample at this CLOCK_REALTIME. */
	void (*seek)(void *ctx, int64_t real_ns);
	/* Play from here at `speed` times the original speed. 0 pauses. */
	void (*play)(void *ctx, double speed);
	/* Request the complete stack of this task in the following snapshots. id 0 for
	 * none. Takes no sample by itself. */
	void (*focus)(void *ctx, enum task_kind kind, uint64_t id, uint64_t serial);
	/* Request what these tasks hold, with every following snapshot. The list is copied.
	 * 0 of them end it. Returns the number of the request, see feed_state. */
	uint64_t (*holds)(void *ctx, const struct holds_wish *list, size_t count);
	size_t (*history)(void *ctx, enum task_kind kind, uint64_t id, uint64_t serial,
			  struct history_entry *out, size_t max);
	/* The process list for the picker and the P key. The rows are valid until the
	 * next call. */
	int (*processes)(void *ctx, const struct process_row **rows, size_t *count,
			 struct err *e);
	/* Observe another process from now on. */
	int (*attach)(void *ctx, pid_t pid, struct err *e);
	/* Write every sample from now on to a new file in the working directory, even
	 * samples that the view does not take, or stop doing so. feed_state has the
	 * progress. */
	int (*record)(void *ctx, const struct snapshot *snapshot, bool on, struct err *e);
	/* Start or stop the proof of which tasks can never be woken; see
	 * snapshot->proving. */
	void (*prove)(void *ctx, bool start);
	/* Set the filters, one per line, of tasks that are never reported as leaks. They
	 * apply from the next sample on. */
	int (*set_acknowledge)(void *ctx, const char *filters, struct err *e);
	/* Write the snapshot as JSON to a new file in the working directory. Its path is
	 * returned in `path`. */
	int (*write_dump)(void *ctx, const struct snapshot *snapshot, char *path,
			  size_t size, struct err *e);
};

struct feed {
	const struct feed_ops *ops;
	void *ctx;
};

#endif
