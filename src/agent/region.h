/* SPDX-License-Identifier: MIT */
/* The memory of the published region, for the files of the agent. */
#ifndef AGENT_REGION_H
#define AGENT_REGION_H

#include "agent/state.h"

/* Called once, in the constructor: create the region and begin to publish. Returns NULL
 * on success, otherwise the reason. */
AGENT_HIDDEN const char *agent_region_first(void);
/* Create this process's region if it has none. Returns false if nothing can be published.
 * Async-signal-safe. */
AGENT_HIDDEN bool agent_region_ready(void);
/* Counts a wait of a forked child that has no region yet. Returns false as long as the
 * child has made too few waits to justify one. Async-signal-safe. */
AGENT_HIDDEN bool agent_region_worthwhile(void);
/*
 * Move the published data to a new memfd at the same address, since a child's region is
 * anonymous and the program may have closed the descriptor. Call this only while no other
 * thread publishes, and not under a seccomp filter. Returns false if there is no
 * descriptor.
 */
AGENT_HIDDEN bool agent_region_move(void);
/* Does the same before the process's first thread if the region is anonymous. A
 * descriptor can be read by users to whom the kernel denies access to the memory. */
AGENT_HIDDEN void agent_region_share(void);

#endif
