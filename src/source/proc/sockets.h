/* SPDX-License-Identifier: MIT */
/* Local sockets and which of them are connected, as the kernel lists them. */
#ifndef SOURCE_PROC_SOCKETS_H
#define SOURCE_PROC_SOCKETS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Both ends of every local socket of our network namespace and of that of pid, by
 * inode. */
struct socket_pair {
	uint64_t inode;
	uint64_t peer;
};
/* Sorted by inode; the caller frees *pairs. Returns how many; 0 when it cannot be had. */
size_t socket_pairs_read(pid_t pid, struct socket_pair **pairs);

#endif
