/* SPDX-License-Identifier: MIT */
/* `grmon-c dump -f speedscope` of a recording: all of its pictures, not one. */
#ifndef CLI_TIMELINE_H
#define CLI_TIMELINE_H

#include "base/buf.h"
#include "cli/options.h"

/* Whether this dump is of every picture of a recording. */
bool timeline_wanted(const struct options *options);
/* Write the timelines of all pictures. Returns an exit code after a complaint. */
int timeline_dump(const struct options *options, struct buf *out);

#endif
