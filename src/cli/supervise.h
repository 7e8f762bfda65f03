/* SPDX-License-Identifier: MIT */
/*
 * A thread that waits for a FUSE or network file system may not end even on SIGKILL, and
 * a process lasts as long as its last thread: the caller of grmon-c would wait for it. So
 * if such a file system is mounted, a child does the work. The process that was started
 * only waits, passes signals on, and ends as the child does.
 */
#ifndef CLI_SUPERVISE_H
#define CLI_SUPERVISE_H

#include "cli/options.h"

/* Call it before everything else. Returns in the child, or if no child is needed. */
void supervise_begin(const struct options *options);
/* Call it last, with the exit status. Does not return if a thread would keep us alive. */
int supervise_end(int status);

#endif
