/* SPDX-License-Identifier: MIT */
/* What the constructor and grmon_start() prepare for threads. Not async-signal-safe. */
#ifndef AGENT_THREAD_H
#define AGENT_THREAD_H

#include "agent/agent.h"

/* Called once, in the constructor: looks up the real functions and the main thread's
 * stack. */
AGENT_HIDDEN void agent_thread_setup(void);
/* If called in the main thread, arranges for its end to be detected: the server must not
 * outlive the program's threads. */
AGENT_HIDDEN void agent_thread_watch_main(void);

#endif
