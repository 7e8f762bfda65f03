/* SPDX-License-Identifier: MIT */
/* The sealed memfd of a region, by raw system calls. */
#ifndef AGENT_MEMFD_H
#define AGENT_MEMFD_H

#include "agent/state.h"

/* The soft limit; RLIM64_INFINITY where the kernel does not say. */
AGENT_HIDDEN uint64_t memfd_limit(int which);
/* A sealed memfd of this size, mapped; NULL and the reason in *problem. The caller hands fd
 * to memfd_keep() or closes it. */
AGENT_HIDDEN void *memfd_map(size_t bytes, int *fd, const char **problem);
/* Whether Yama forbids others of the same user to read memory, which they can do elsewhere. */
AGENT_HIDDEN bool memfd_guarded(void);
/*
 * Whether a descriptor of the region is kept: where clients need one to read it, for the
 * server, and in a program that loaded the library itself and may start the server later.
 */
AGENT_HIDDEN bool memfd_wanted(void);
/*
 * Keep the region's descriptor out of the way as agent.fd if it is wanted, and close fd.
 * Where no high number is to be had the program needs it more: the mapping alone is found
 * by /proc/PID/maps. Only while no other thread runs.
 */
AGENT_HIDDEN void memfd_keep(int fd);
/* The program's descriptor of the region is still that: nobody closed or replaced it. */
AGENT_HIDDEN bool agent_fd_mine(void);
/* Close it then. */
AGENT_HIDDEN void agent_fd_close(void);

#endif
