/* SPDX-License-Identifier: MIT */
/* The view with its poller, shared by the plain command and by `run`. */
#ifndef CLI_WATCH_H
#define CLI_WATCH_H

#include "cli/options.h"
#include "session/poller.h"

struct watch {
	const struct options *options;
	const char *title;     /* TARGET as the user wrote it */
	const char *wait_name; /* with --wait, if TARGET is a name */
	const char *other;     /* TARGET if it is not a process */
	int input_fd;          /* the descriptor for "-" */
	bool choose;
	bool (*describe_end)(void *end_ctx, pid_t pid, char *text, size_t size);
	void *end_ctx;
};

/* Runs the view until the user leaves it. session must be initialised, and attached unless
 * pid is 0; it still belongs to the caller. Returns an exit code, after a message on
 * failure. */
int watch_process(struct watch *watch, struct session *session, pid_t pid);

#endif
