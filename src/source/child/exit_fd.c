/* SPDX-License-Identifier: MIT */
/* The descriptor is duplicated and polled, but never read: its process is
 * stopped in its exit. */
#include "source/child/exit_trace.h"

#include <poll.h>
#include <unistd.h>

#include "source/proc/descriptors.h"

bool exit_fd_ready(pid_t pid, int fd, bool writes)
{
	struct process process = process_named(pid);
	struct pollfd ready = {.fd = process_fd_borrow(&process, fd),
			       .events = writes ? POLLOUT : POLLIN | POLLRDHUP};
	bool is_ready;

	if (ready.fd < 0)
		return false;
	is_ready = poll(&ready, 1, 0) > 0;
	close(ready.fd);
	return is_ready;
}
