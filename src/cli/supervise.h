/* SPDX-License-Identifier: MIT */
/*
 * A thread that waits for a file system of somebody else's, FUSE or NFS, may be one that not
 * even SIGKILL ends, and a process lasts as long as its last thread: whoever started grmon-c
 * would wait for it. So where such a file system is mounted, the work is done by a child, and
 * the process that was started only waits, passes signals on, and ends as the child does.
 */
#ifndef CLI_SUPERVISE_H
#define CLI_SUPERVISE_H

#include "cli/options.h"

/* Called before anything else is done. Returns in the child, or where there is no need. */
void supervise_begin(const struct options *options);
/* Called last, with the exit status: does not return if a thread would keep us. */
int supervise_end(int status);

#endif
