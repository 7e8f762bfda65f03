/* SPDX-License-Identifier: MIT */
/* What the constructor and grmon_start() prepare for threads. Not async-signal-safe. */
#ifndef AGENT_THREAD_H
#define AGENT_THREAD_H

#include "agent/agent.h"

/* Once, in the constructor: the real functions, and the main thread's stack. */
AGENT_HIDDEN void agent_thread_setup(void);
/* Have the main thread's end noticed, if this is it: the server must not outlive the
 * program's threads. */
AGENT_HIDDEN void agent_thread_watch_main(void);

#endif
