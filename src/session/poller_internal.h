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
	MODE_WAITING, /* for a process of wait_name */
};

/* What the view asks for; taken by the thread at once. */
struct poller_wishes {
	bool stop;
	bool refresh;
	bool new_rule;
	bool prove;   /* begin a proof of leaks … */
	bool unprove; /* … or stop it */
	pid_t attach; /* 0: no wish */
	int samples;  /* in a recording */
	int64_t by_ns;
	bool seek, play;
	int64_t seek_ns;
	double speed;
	int64_t interval_ns;
	struct stuck_rule rule;
	struct source_focus focus;
	bool record, stop_recording;
	char record_path[256];
	bool new_acknowledge;
	char acknowledge[SETTINGS_ACKNOWLEDGE_MAX];
};

struct poller {
	struct poller_options options;
	pthread_t thread;
	int wake_fd;  /* the view wakes the thread */
	int fresh_fd; /* the thread wakes the view */

	pthread_mutex_t
		lock; /* for what follows; never held while a target is looked at */
	struct poller_wishes wishes;
	struct snapshot *latest;
	struct feed_state state;
	struct track *track; /* look->track; exchanged under the lock */

	/* The thread's own. */
	struct look *look;
	enum poller_mode mode;
	int64_t next_ns; /* of the next look */
	int64_t interval_ns;
	struct source_focus focus;
	struct recorder_of_view recorder;
	bool partial;       /* the last look had no time for every stack … */
	int64_t settled_ns; /* … which is worth looks in a row until then */
	bool proving;       /* the last look said that a proof goes on */
	pid_t ended_pid;    /* not to be found again while it is a zombie */
	char wait_name[64];

	/* The view's own. */
	struct processes *processes;
};

void *poller_thread(void *arg);
extern const struct feed_ops poller_feed_ops;

#endif
