/* SPDX-License-Identifier: MIT */
/* Shared by the list of targets and the threads that sample them. */
#ifndef CLI_EXPORT_PRIVATE_H
#define CLI_EXPORT_PRIVATE_H

#include <pthread.h>

#include "cli/export.h"
#include "session/session.h"
#include "source/words.h"

#define EXPORT_WORDS_MAX WORDS_MAX

struct word {
	bool is_url;
	size_t number;    /* of the same word in exports.processes, unless it is a URL */
	const char *text; /* as the user wrote it */
	size_t matched;   /* number of targets watched for this word; under the lock */
};

struct watched {
	struct watched *next;
	struct exports *exports;
	struct word *word;
	pthread_t thread;
	pid_t pid;               /* 0 for a URL */
	struct session *session; /* while the thread has one; under the lock */
	/* Used only by the target's thread. */
	struct metrics taken;
	uint64_t last_count;
	/* Under the lock. */
	struct metrics metrics;
	int64_t sampled_ns, ended_ns; /* 0 if never or not yet */
	bool stop;
};

struct exports {
	struct export_options options;
	struct word words[EXPORT_WORDS_MAX];
	size_t nr_words;
	struct words *processes; /* what words mean that are not URLs */
	pthread_mutex_t lock;    /* held only to copy values */
	pthread_cond_t woken;    /* uses CLOCK_MONOTONIC */
	struct watched *list;
	size_t nr_watched;
	bool full; /* the limit on targets was reported */
};

/* Starts the thread of a target. Returns false if it cannot be started. */
bool export_watch_start(struct watched *one);
/* Tells the thread to end soon. Call with the lock held. */
void export_watch_cancel(struct watched *one);

#endif
