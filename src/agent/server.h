/* SPDX-License-Identifier: MIT */
/* The thread that hands the region to clients over a local socket. */
#ifndef AGENT_SERVER_H
#define AGENT_SERVER_H

#include "agent/state.h"

enum agent_server {
	AGENT_SERVER_NONE = 0,
	AGENT_SERVER_STARTING,
	AGENT_SERVER_APART, /* has a table of descriptors of its own */
	AGENT_SERVER_LISTENING,
	AGENT_SERVER_ENDED, /* or could not be started; not tried again */
};

/* Start it if this process has none. Not async-signal-safe. False: there is none. */
AGENT_HIDDEN bool agent_server_ensure(void);
/* End it and wait until it has; nothing if it does not run. */
AGENT_HIDDEN void agent_server_stop(void);

#endif
