/* SPDX-License-Identifier: MIT */
/* The feed behind the view: a thread that looks at the target at fixed times and publishes
 * what it saw. Nothing that the view calls waits for a target. */
#ifndef SESSION_POLLER_H
#define SESSION_POLLER_H

#include "core/feed.h"
#include "core/settings.h"
#include "session/look.h"

struct poller;

struct poller_options {
	struct look_options look;
	int64_t interval_ns;
	pid_t pid;             /* 0: none yet */
	const char *other;     /* a TARGET that is not a process; or NULL */
	const char *wait_name; /* --wait: look for this name; NULL: do not wait */
	bool wait;
	/* How the target ended, for a child of ours: "exit status 3". False: not known. May be
	 * NULL. Called by the poller's thread. */
	bool (*describe_end)(void *end_ctx, pid_t pid, char *text, size_t size);
	void *end_ctx;
	const struct settings *settings; /* for write_dump; outlives the poller */
};

/*
 * look: already attached when options->pid is set; the caller's, used by the thread alone
 * until poller_stop(), and released after the last snapshot. NULL with e: no memory, or no
 * thread could be started.
 */
struct poller *poller_start(const struct poller_options *options, struct look *look,
			    struct err *e);
/* Ends the thread; a look in progress is waited for, it has limits of its own. */
void poller_stop(struct poller *poller);
/* The view's side. */
struct feed poller_feed(struct poller *poller);

#endif
