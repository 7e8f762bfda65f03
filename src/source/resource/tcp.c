/* SPDX-License-Identifier: MIT */
/* Counts the states of the TCP sockets of a process. */
#include <stdlib.h>

#include "base/order.h"
#include "source/proc/sockets.h"
#include "source/resource/resource.h"

#define KERNEL_STATES 11u /* 1 is TCP_ESTABLISHED, 11 is TCP_CLOSING */
#define NEW_SYN_RECV  12u

/* Moves a socket from SOCKET_TCP, which counts those of unknown state, to its state. */
static void count_state(void *ctx, uint32_t inode, unsigned state)
{
	struct fd_pass *pass = ctx;

	if (state == NEW_SYN_RECV)
		state = SOCKET_SYN_RECV + 1;
	if (inode == 0 || state < 1 || state > KERNEL_STATES ||
	    pass->by_socket[SOCKET_TCP] == 0)
		return;
	const uint32_t *first =
		bsearch(&inode, pass->tcp, pass->nr_tcp, sizeof(inode), order_u32);

	if (!first)
		return;
	/* Duplicated descriptors refer to the same socket. */
	while (first > pass->tcp && first[-1] == inode)
		first--;
	for (; first < pass->tcp + pass->nr_tcp && *first == inode; first++) {
		if (pass->by_socket[SOCKET_TCP] == 0)
			return;
		pass->by_socket[state - 1]++;
		pass->by_socket[SOCKET_TCP]--;
	}
}

void fd_pass_tcp_states(struct fd_pass *pass, const struct kernel *kernel)
{
	if (pass->nr_tcp == 0)
		return;
	qsort(pass->tcp, pass->nr_tcp, sizeof(pass->tcp[0]), order_u32);
	sockets_tcp_each(&kernel->process, count_state, pass);
}
