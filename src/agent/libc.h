/* SPDX-License-Identifier: MIT */
/* What libgrmon needs of the libc behind its own wrappers. Not async-signal-safe. */
#ifndef AGENT_LIBC_H
#define AGENT_LIBC_H

#include <pthread.h>

#include "agent/agent.h"

typedef int (*agent_create_fn)(pthread_t *, const pthread_attr_t *, void *(*)(void *),
			       void *);

/* libc's own function of this name, or NULL. */
AGENT_HIDDEN void *agent_libc(const char *name);
/* libc's pthread_create(), looked up once. NULL: there is none. */
AGENT_HIDDEN agent_create_fn agent_libc_create(void);
/* Creates the server's thread, unseen. Returns what pthread_create() does. */
AGENT_HIDDEN int agent_create_server(pthread_t *thread, const pthread_attr_t *attributes,
				     void *(*routine)(void *));
AGENT_HIDDEN void agent_join_server(pthread_t thread);

#endif
