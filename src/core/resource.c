/* SPDX-License-Identifier: MIT */
/* The names of the kinds of resources. Nothing is read here. */
#include "core/resource.h"

#include <string.h>

static const char *const kind_names[FD_KIND_COUNT] = {
	[FD_SOCKET] = "socket",   [FD_PIPE] = "pipe",       [FD_FILE] = "file",
	[FD_DEVICE] = "device",   [FD_MEMFD] = "memfd",     [FD_EVENTFD] = "eventfd",
	[FD_EPOLL] = "epoll",     [FD_TIMERFD] = "timerfd", [FD_SIGNALFD] = "signalfd",
	[FD_INOTIFY] = "inotify", [FD_PIDFD] = "pidfd",     [FD_ANON] = "anon",
	[FD_OTHER] = "other",
};

static const char *const socket_names[SOCKET_STATE_COUNT] = {
	[SOCKET_ESTABLISHED] = "established",
	[SOCKET_SYN_SENT] = "syn-sent",
	[SOCKET_SYN_RECV] = "syn-recv",
	[SOCKET_FIN_WAIT1] = "fin-wait-1",
	[SOCKET_FIN_WAIT2] = "fin-wait-2",
	[SOCKET_TIME_WAIT] = "time-wait",
	[SOCKET_CLOSE] = "close",
	[SOCKET_CLOSE_WAIT] = "close-wait",
	[SOCKET_LAST_ACK] = "last-ack",
	[SOCKET_LISTEN] = "listen",
	[SOCKET_CLOSING] = "closing",
	[SOCKET_TCP] = "tcp",
	[SOCKET_UDP] = "udp",
	[SOCKET_UNIX] = "unix",
	[SOCKET_NETLINK] = "netlink",
	[SOCKET_OTHER] = "other",
};

static const struct limit_info limit_table[LIMIT_COUNT] = {
	[LIMIT_FDS] = {"fds", "fds", "descriptors (ulimit -n)", false},
	[LIMIT_PROCESSES] = {"processes", "tasks of its user",
			     "processes and threads of its user (ulimit -u)", false},
	[LIMIT_PIDS] = {"cgroup_pids", "tasks of its cgroup",
			"processes and threads of its cgroup (pids.max)", false},
	[LIMIT_MEMORY] = {"cgroup_memory", "memory of its cgroup",
			  "memory of its cgroup (memory.max)", true},
};

void resources_init(struct resources *resources)
{
	/* Bytes of 0xff are -1 in every counting field. */
	memset(resources, 0xff, sizeof(*resources));
	resources->cpu_percent = -1;
}

const char *fd_kind_name(int kind)
{
	return kind_names[kind];
}

const char *socket_state_name(int state)
{
	return socket_names[state];
}

const struct limit_info *limit_info(int id)
{
	return &limit_table[id];
}

double limit_share(const struct limit *limit)
{
	if (limit->used < 0 || limit->most <= 0)
		return -1;
	return (double)limit->used / (double)limit->most;
}

int64_t resources_timers(const struct resources *resources)
{
	int64_t posix = resources->posix_timers, fds = resources->by_kind[FD_TIMERFD];

	if (posix < 0)
		return fds;
	return fds < 0 ? posix : posix + fds;
}
