/* SPDX-License-Identifier: MIT */
/* Takes one complete snapshot of a target, for the commands that print it. */
#ifndef CLI_ONE_SNAPSHOT_H
#define CLI_ONE_SNAPSHOT_H

#include "cli/options.h"
#include "session/session.h"

/* Which snapshot of a recording. */
enum snapshot_choice { CHOOSE_LAST, CHOOSE_FIRST, CHOOSE_AT };

/*
 * Attaches to TARGET and samples until stuck is known: twice, a moment apart, or once for
 * recorded data. `at` is in the format of when_parse(). session must come from session_init()
 * and outlive the snapshot. Returns an exit code, after a message on failure; on success
 * the caller owns *snapshot.
 */
int one_snapshot_take(struct session *session, const struct options *options,
		      enum snapshot_choice which, const char *at,
		      struct snapshot **snapshot);

#endif
