/* SPDX-License-Identifier: MIT */
/* One picture of a target, complete: for the commands that print it. */
#ifndef CLI_PICTURE_H
#define CLI_PICTURE_H

#include "cli/options.h"
#include "session/look.h"

/* Which picture of a recording. */
enum picture_which { PICTURE_LAST, PICTURE_FIRST, PICTURE_AT };

/*
 * Attach to TARGET of the options and look until stuck is known: twice, a moment apart, and
 * once at what is recorded; at: as when_parse() takes it. look: from look_init(); lives
 * longer than the snapshot. Returns an exit code after a complaint; *snapshot is the
 * caller's on success.
 */
int picture_take(struct look *look, const struct options *options,
		 enum picture_which which, const char *at, struct snapshot **snapshot);

#endif
