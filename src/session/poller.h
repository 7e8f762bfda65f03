/* SPDX-License-Identifier: MIT */
/* Feeds the view: a thread samples the target at fixed times and publishes the snapshots.
 * No call of the view waits for a target. */
#ifndef SESSION_POLLER_H
#define SESSION_POLLER_H

#include "core/feed.h"
#include "core/settings.h"
#include "session/session.h"

struct poller;

struct poller_options {
	struct session_options session;
	int64_t interval_ns;
	bool live;             /* the session is attached to a target */
	const char *wait_name; /* --wait: wait for a process of this name; or NULL */
	bool wait;
	/* Describes how a child of ours ended: "exit status 3". Returns false if unknown.
	 * Called by the poller's thread. May be NULL. */
	bool (*describe_end)(void *end_ctx, pid_t pid, char *text, size_t size);
	void *end_ctx;
	const struct settings *settings; /* for write_dump; must outlive the poller */
};

/*
 * session belongs to the caller and is attached already if options->pid is set. Only the
 * thread uses it until poller_stop(); the caller releases it after the last snapshot.
 * Returns NULL, with e set, if out of memory or if no thread can be started.
 */
struct poller *poller_start(const struct poller_options *options, struct session *session,
			    struct err *e);
/* Ends the thread. Waits for a sample in progress, which has its own time limits. */
void poller_stop(struct poller *poller);
/* The operations for the view. */
struct feed poller_feed(struct poller *poller);

#endif
