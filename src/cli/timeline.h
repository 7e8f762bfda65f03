/* SPDX-License-Identifier: MIT */
/* `grmon-c dump -f speedscope` of a recording: all of its snapshots, not one. */
#ifndef CLI_TIMELINE_H
#define CLI_TIMELINE_H

#include "base/buf.h"
#include "cli/options.h"

/* Returns true if the dump covers every snapshot of a recording. */
bool timeline_wanted(const struct options *options);
/* Writes the timelines of all snapshots. Returns an exit code, after a message on
 * failure. */
int timeline_dump(const struct options *options, struct buf *out);

#endif
