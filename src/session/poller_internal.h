/* SPDX-License-Identifier: MIT */
/* Shared by the two halves of the poller: its thread and the view's calls. */
#ifndef SESSION_POLLER_INTERNAL_H
#define SESSION_POLLER_INTERNAL_H

#include <pthread.h>

#include "core/settings.h"
#include "session/poller.h"
#include "session/recorder.h"
#include "source/processes.h"

enum poller_mode {
	MODE_NOBODY, /* no target yet */
	MODE_LIVE,
	MODE_ENDED,
	MODE_WAITING, /* for a process named wait_name */
};

/* The view's requests, which the thread takes at once. */
struct poller_wishes {
	bool stop;
	bool refresh;
	bool new_rule;
	bool prove;   /* start a proof of leaks */
	bool unprove; /* stop the proof */
	pid_t attach; /* 0 if not requested */
	int samples;  /* move in a recording */
	int64_t by_ns;
	bool seek, play;
	int64_t seek_ns;
	double speed;
	int64_t interval_ns;
	struct thresholds rule;
	struct source_focus focus;
	bool record, stop_recording;
	char record_path[256];
	bool new_acknowledge;
	char acknowledge[SETTINGS_ACKNOWLEDGE_MAX];
	/* the tasks of whose holds the view asks; allocated, and taken by the thread */
	bool new_holds;
	struct holds_wish *holds;
	size_t nr_holds;
	uint64_t holds_number; /* of the last such request */
};

struct poller {
	struct poller_options options;
	pthread_t thread;
	int wake_fd;  /* the view wakes the thread */
	int fresh_fd; /* the thread wakes the view */

	/* Protects the fields up to track; never held while a target is read. */
	pthread_mutex_t lock;
	struct poller_wishes wishes;
	struct snapshot *latest;
	struct feed_state state;
	struct track *track; /* session->track; exchanged under the lock */

	/* Used only by the thread. */
	struct session *session;
	enum poller_mode mode;
	int64_t next_ns; /* when the next sample is due */
	int64_t interval_ns;
	struct source_focus focus;
	struct holds_wish *holds; /* allocated; for focus.holds */
	size_t nr_holds;
	uint64_t holds_number;
	struct recorder_of_view recorder;
	bool partial; /* the last sample had no time to read every stack */
	/* Until then, samples follow quickly to complete the stacks. */
	int64_t settled_ns;
	bool proving;    /* the last sample reported that a proof is running */
	pid_t ended_pid; /* not to be found again while it is a zombie */
	char wait_name[64];

	/* Used only by the view. */
	struct processes *processes;
};

extern const struct feed_ops poller_feed_ops;

#endif
