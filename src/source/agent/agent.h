/* SPDX-License-Identifier: MIT */
/*
 * The folder src/source/agent is the client's side of libgrmon: it finds the agent of a
 * process, reads its region, and makes a row of each slot. It shares src/wire with the
 * agent and knows nothing else of it. It does not know Go.
 *
 * Whether there is an agent in a process, and where it may have its socket.
 */
#ifndef SOURCE_AGENT_AGENT_H
#define SOURCE_AGENT_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "source/kernel/kernel.h"

/* Whether there is an agent in the process. Why it cannot be used, as a sentence; "" if
 * there is none or it can be. pages: that read its memory, or NULL. Cheap. */
bool agent_present(pid_t pid, struct pages *pages, char *unusable, size_t size);

/* The directories where the agent of a process may have its socket, one for each way from 0
 * on; "" for a way that gives none, false when there are no more. environment: of the process,
 * or NULL. */
bool agent_socket_directory(unsigned way, pid_t pid, uid_t uid,
			    const struct buf *environment, char *out, size_t size);
/* Remove the sockets that killed processes have left in the directories of this user.
 * Connects to none. */
void agent_sockets_sweep(void);

#endif
