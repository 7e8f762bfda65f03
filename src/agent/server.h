/* SPDX-License-Identifier: MIT */
/* The thread that passes the region to clients over a local socket. */
#ifndef AGENT_SERVER_H
#define AGENT_SERVER_H

#include "agent/state.h"

enum agent_server {
	AGENT_SERVER_NONE = 0,
	AGENT_SERVER_STARTING,
	AGENT_SERVER_APART, /* has its own descriptor table */
	AGENT_SERVER_LISTENING,
	AGENT_SERVER_ENDED, /* has ended or could not be started; it is not tried again */
};

/* Start the server if this process has none. Returns false if there is none. Not
 * async-signal-safe. */
AGENT_HIDDEN bool agent_server_ensure(void);
/* End the server and wait for its end. Does nothing if it is not running. */
AGENT_HIDDEN void agent_server_stop(void);

#endif
