/* SPDX-License-Identifier: MIT */
/* The descriptor is duplicated (pidfd_getfd) and polled, but never read: its process is
 * stopped in its exit. */
#include "source/child/exit_trace.h"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

bool exit_fd_ready(pid_t pid, int fd, bool writes)
{
	struct pollfd ready = {.events = writes ? POLLOUT : POLLIN | POLLRDHUP};
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	bool is_ready;

	if (pidfd < 0)
		return false;
	ready.fd = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	close(pidfd);
	if (ready.fd < 0)
		return false;
	is_ready = poll(&ready, 1, 0) > 0;
	close(ready.fd);
	return is_ready;
}
