/* SPDX-License-Identifier: MIT */
/*
 * What a process has and what it may have at most: its totals, its descriptors by kind, its
 * sockets by state, and limits. Kinds, states and limits are tables that source, outputs and
 * view walk.
 */
#ifndef CORE_RESOURCE_H
#define CORE_RESOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fd_kind {
	FD_SOCKET,
	FD_PIPE,
	FD_FILE, /* directories and named pipes too */
	FD_DEVICE,
	FD_MEMFD,
	FD_EVENTFD,
	FD_EPOLL,
	FD_TIMERFD,
	FD_SIGNALFD,
	FD_INOTIFY,
	FD_PIDFD,
	FD_ANON, /* other descriptors that only the kernel makes: io_uring, perf, bpf … */
	FD_OTHER,
	FD_KIND_COUNT,
};

/* TCP states in the order of the kernel, whose first is 1; then what has none. */
enum socket_state {
	SOCKET_ESTABLISHED,
	SOCKET_SYN_SENT,
	SOCKET_SYN_RECV,
	SOCKET_FIN_WAIT1,
	SOCKET_FIN_WAIT2,
	SOCKET_TIME_WAIT,
	SOCKET_CLOSE,
	SOCKET_CLOSE_WAIT,
	SOCKET_LAST_ACK,
	SOCKET_LISTEN,
	SOCKET_CLOSING,
	SOCKET_TCP, /* its state is not known */
	SOCKET_UDP,
	SOCKET_UNIX,
	SOCKET_NETLINK,
	SOCKET_OTHER,
	SOCKET_STATE_COUNT,
};

enum limit_id {
	LIMIT_FDS,       /* RLIMIT_NOFILE */
	LIMIT_PROCESSES, /* RLIMIT_NPROC, of all tasks of its user */
	LIMIT_PIDS,      /* tasks of its cgroup */
	LIMIT_MEMORY,    /* bytes of its cgroup */
	LIMIT_COUNT,
};

/* -1: not known; most -1: there is no limit. */
struct limit {
	int64_t used;
	int64_t most;
};

struct limit_info {
	const char *key;  /* "fds" */
	const char *unit; /* "fds" as in "1,012 of 1,024 fds" */
	const char *help;
	bool bytes;
};

struct resources {
	int64_t rss_bytes; /* every field: -1 where it is not known */
	int64_t threads;
	int64_t fds;
	int64_t children;
	double cpu_percent;
	int64_t posix_timers;
	int64_t inotify_watches;
	int64_t by_kind[FD_KIND_COUNT];
	int64_t by_socket[SOCKET_STATE_COUNT];
	struct limit limits[LIMIT_COUNT];
};

void resources_init(struct resources *resources); /* nothing is known */
const char *fd_kind_name(int kind);
const char *socket_state_name(int state);
const struct limit_info *limit_info(int id);
/* Part of the limit that is used, 1.0 for all; -1 where that is not known. */
double limit_share(const struct limit *limit);
#define LIMIT_NEAR 0.8
/* POSIX timers and timer descriptors; -1: neither is known. */
int64_t resources_timers(const struct resources *resources);

#endif
