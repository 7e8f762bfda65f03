/* SPDX-License-Identifier: MIT */
/* The libc functions that libgrmon calls behind its own wrappers. Not
 * async-signal-safe. */
#ifndef AGENT_LIBC_H
#define AGENT_LIBC_H

#include <pthread.h>

#include "agent/agent.h"

/* Returns libc's own function of this name, or NULL. */
AGENT_HIDDEN void *agent_libc(const char *name);
/* Creates the server's thread without publishing it. Returns the result of
 * pthread_create(). */
AGENT_HIDDEN int agent_create_server(pthread_t *thread, const pthread_attr_t *attributes,
				     void *(*routine)(void *));
AGENT_HIDDEN void agent_join_server(pthread_t thread);

#endif
