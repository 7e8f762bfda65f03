/* SPDX-License-Identifier: MIT */
/*
 * Whether a seccomp filter is in force. From then on the agent only makes the system
 * calls that the wrapped functions make anyway, because a filter may kill the process for
 * any other. The only exception is exec under a filter that was in force at the start;
 * see exec_file.h.
 */
#ifndef AGENT_FILTER_H
#define AGENT_FILTER_H

#include "agent/state.h"

/*
 * Returns whether this process started under a filter of its parent or its container.
 * Only uses calls that the dynamic linker has just made: openat, read and close. Returns
 * true if the kernel does not report it.
 */
AGENT_HIDDEN bool agent_filter_inherited(void);
/* Returns whether this call of SYS_prctl or SYS_seccomp may install a filter on the
 * process. */
AGENT_HIDDEN bool agent_filter_is_set(long number, unsigned long a, unsigned long b,
				      unsigned long c);
/* A filter is about to be installed: create what will be needed and end the server. */
AGENT_HIDDEN void agent_filter_coming(void);

#endif
