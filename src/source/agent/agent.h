/* SPDX-License-Identifier: MIT */
/*
 * The folder src/source/agent is the client's side of libgrmon: it finds the agent of a
 * process, reads its region, and makes a row of each slot. It shares src/wire with the
 * agent and uses nothing else of it. It must not know Go.
 *
 * This file tells whether a process has an agent, and where its socket may be.
 */
#ifndef SOURCE_AGENT_AGENT_H
#define SOURCE_AGENT_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "source/kernel/kernel.h"

/* Returns true if the process has an agent. unusable is set to a sentence that tells why
 * it cannot be used, or to "". pages reads the process's memory; may be NULL. Cheap. */
bool agent_present(pid_t pid, struct pages *pages, char *unusable, size_t size);

/* Lists the directories that may contain the socket of a process's agent; way counts from
 * 0. Sets out to "" if a way yields no directory. Returns false if there are no more
 * ways. environment is that of the process; may be NULL. */
bool agent_socket_directory(unsigned way, pid_t pid, uid_t uid,
			    const struct buf *environment, char *out, size_t size);
/* Removes sockets that killed processes have left in this user's directories. Does not
 * connect to any socket. */
void agent_sockets_sweep(void);

#endif
