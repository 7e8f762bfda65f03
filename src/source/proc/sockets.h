/* SPDX-License-Identifier: MIT */
/* Sockets as the kernel lists them: the one reader of its socket diagnosis and of the
 * tables in /proc/net. */
#ifndef SOURCE_PROC_SOCKETS_H
#define SOURCE_PROC_SOCKETS_H

#include <stddef.h>
#include <stdint.h>

#include "source/proc/process.h"

/* Both ends of every connected local socket of our network namespace and of the namespace
 * of the process, by inode. */
struct socket_pair {
	uint64_t inode;
	uint64_t peer;
};
/* Sorted by inode; the caller frees *pairs. Returns how many, 0 if the kernel does not
 * say. process may be NULL: only our namespace. */
size_t socket_pairs_read(const struct process *process, struct socket_pair **pairs);

/* Calls visit for every TCP socket in the network namespace of the process. state: 1 is
 * TCP_ESTABLISHED, 12 is TCP_NEW_SYN_RECV. A socket may come twice. */
void sockets_tcp_each(const struct process *process,
		      void (*visit)(void *ctx, uint32_t inode, unsigned state),
		      void *ctx);

/* A table of the network namespace of the process: "tcp6", "unix". At most max_bytes of
 * it. */
int sockets_table_read(const struct process *process, const char *table, struct buf *out,
		       size_t max_bytes);
/* Calls visit for each line but the first, which names the columns. The line has no
 * newline at its end, is valid during the call and may be changed. */
void sockets_table_each(const struct process *process, const char *table,
			size_t max_bytes, void (*visit)(void *ctx, char *line),
			void *ctx);

#endif
