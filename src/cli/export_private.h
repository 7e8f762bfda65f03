/* SPDX-License-Identifier: MIT */
/* Shared by the list of targets and the threads that watch them. */
#ifndef CLI_EXPORT_PRIVATE_H
#define CLI_EXPORT_PRIVATE_H

#include <pthread.h>

#include "cli/export.h"
#include "session/look.h"
#include "source/processes.h"

#define EXPORT_WORDS_MAX 64

enum word_kind { WORD_PID, WORD_NAME, WORD_CGROUP, WORD_URL };

struct word {
	enum word_kind kind;
	const char *text; /* as the user wrote it */
	pid_t pid;        /* of WORD_PID; 0: it has ended */
	size_t matched;   /* targets that are watched for it now; under the lock */
};

struct watched {
	struct watched *next;
	struct exports *exports;
	struct word *word;
	pthread_t thread;
	pid_t pid;         /* 0: a URL */
	struct look *look; /* while its thread has one; under the lock */
	/* The thread's own. */
	struct metrics taken;
	uint64_t last_count;
	/* Under the lock. */
	struct metrics metrics;
	int64_t looked_ns, ended_ns; /* 0: never, not yet */
	bool stop;
};

struct exports {
	struct export_options options;
	struct word words[EXPORT_WORDS_MAX];
	size_t nr_words;
	struct processes *processes;
	pthread_mutex_t lock; /* held for no longer than a copy */
	pthread_cond_t woken; /* CLOCK_MONOTONIC */
	struct watched *list;
	size_t nr_watched;
	bool full; /* it was said */
};

/* Start its thread; false: it cannot be started. */
bool export_watch_start(struct watched *one);
/* Under the lock: make it end soon. */
void export_watch_cancel(struct watched *one);

#endif
