/* SPDX-License-Identifier: MIT */
/* The view with its poller, shared by the plain command and by `run`. */
#ifndef CLI_WATCH_H
#define CLI_WATCH_H

#include "cli/target.h"
#include "session/poller.h"

struct watch {
	const struct options *options;
	const char *title;     /* TARGET as the user wrote it */
	const char *wait_name; /* with --wait, if TARGET is a name */
	struct target target;
	int input_fd; /* the descriptor for "-" */
	bool choose;
	bool (*describe_end)(void *end_ctx, pid_t pid, char *text, size_t size);
	void *end_ctx;
	bool (*stopped)(void); /* see tui_options */
};

/* Runs the view until the user leaves it. session must be initialised, and attached if
 * there is a target; it still belongs to the caller. Returns an exit code, after a message on
 * failure. */
int watch_target(struct watch *watch, struct session *session);

#endif
