/* SPDX-License-Identifier: MIT */
/* The published region's memory, as the files of the agent's core use it. */
#ifndef AGENT_REGION_H
#define AGENT_REGION_H

#include "agent/state.h"

/* Once, in the constructor: make the region and begin to publish. NULL, or why not. */
AGENT_HIDDEN const char *agent_region_first(void);
/* Make this process's region if it has none. Async-signal-safe. False: publish nothing. */
AGENT_HIDDEN bool agent_region_ready(void);
/* False in a forked child that has no region and has made too few waits for one to pay;
 * counts one more. Async-signal-safe. */
AGENT_HIDDEN bool agent_region_worthwhile(void);
/*
 * Move what is published to a new memfd at the same address: a child's region is anonymous,
 * and the program may have closed the descriptor. Only while no other thread publishes, and
 * not under a seccomp filter. False: there is no descriptor.
 */
AGENT_HIDDEN bool agent_region_move(void);
/* The same before the process's first thread, where the region is anonymous: a descriptor
 * can be read by users whose memory reads the kernel refuses. */
AGENT_HIDDEN void agent_region_share(void);

#endif
