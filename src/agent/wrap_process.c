/* SPDX-License-Identifier: MIT */
/* Wrappers for waits for child processes and for signals. */
#include "agent/wrap.h"

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>

#include "agent/state.h"

/* After vfork() the child shares the parent's thread-local state. A process that waits for
 * a child is the parent, so the child's filter does not apply to it; see filter.c. */
static inline bool wrap_parent(bool pass)
{
	agent_tls.child_filtered = false;
	return pass;
}

#define WAIT_PROCESS(result, name, params, args, pass, state, object, fd)                \
	WRAP_WAIT(result, name, params, args, wrap_parent(pass), state, object, fd)
#include "agent/wraps.def"
