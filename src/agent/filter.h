/* SPDX-License-Identifier: MIT */
/*
 * Whether a seccomp filter is in force. From then on the agent makes no system call that
 * the wrapped call does not make itself: a filter may kill for any other. The one exception is
 * exec under a filter that was there at the start, see exec_file.h.
 */
#ifndef AGENT_FILTER_H
#define AGENT_FILTER_H

#include "agent/state.h"

/*
 * Whether this process began under one, as its parent's or its container's. Asks by calls
 * that the dynamic linker has just made: openat, read, close. Where the kernel does not
 * say, the answer is yes.
 */
AGENT_HIDDEN bool agent_filter_inherited(void);
/* Whether this call, SYS_prctl or SYS_seccomp, may put one on the process. */
AGENT_HIDDEN bool agent_filter_is_set(long number, unsigned long a, unsigned long b,
				      unsigned long c);
/* A filter is about to be put on this process: make what will be needed, end the server. */
AGENT_HIDDEN void agent_filter_coming(void);

#endif
