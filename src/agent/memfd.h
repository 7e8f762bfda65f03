/* SPDX-License-Identifier: MIT */
/* The sealed memfd of a region, created with raw system calls. */
#ifndef AGENT_MEMFD_H
#define AGENT_MEMFD_H

#include "agent/state.h"

/* Returns the soft limit, or RLIM64_INFINITY if the kernel does not report it. */
AGENT_HIDDEN uint64_t memfd_limit(int which);
/* Returns a mapped, sealed memfd of this size, or NULL with the reason in *problem. The
 * caller passes fd to memfd_keep() or closes it. */
AGENT_HIDDEN void *memfd_map(size_t bytes, int *fd, const char **problem);
/* Returns whether Yama prevents other processes of the same user from reading memory,
 * which is otherwise allowed. */
AGENT_HIDDEN bool memfd_guarded(void);
/*
 * Returns whether a descriptor of the region is kept. It is needed where clients can only
 * read the region through one, by the server, and in a program that loaded the library
 * itself and may start the server later.
 */
AGENT_HIDDEN bool memfd_wanted(void);
/*
 * If the descriptor is wanted, keep it under a high number as agent.fd; then close fd. If
 * no high number is available, the program needs the number more than the agent does, and
 * clients find the mapping in /proc/PID/maps. Call this only while no other thread runs.
 */
AGENT_HIDDEN void memfd_keep(int fd);
/* Returns whether agent.fd still refers to the region, so the program has not closed or
 * replaced it. */
AGENT_HIDDEN bool agent_fd_mine(void);
/* Close the descriptor if it still refers to the region. */
AGENT_HIDDEN void agent_fd_close(void);

#endif
