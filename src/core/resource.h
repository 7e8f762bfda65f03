/* SPDX-License-Identifier: MIT */
/*
 * What a process uses and how much it may use: its totals, its descriptors by kind, its
 * sockets by state, and its limits. Kinds, states and limits are tables that source,
 * outputs and view iterate over.
 */
#ifndef CORE_RESOURCE_H
#define CORE_RESOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/go_heap.h"

enum fd_kind {
	FD_SOCKET,
	FD_PIPE,
	FD_FILE, /* includes directories and named pipes */
	FD_DEVICE,
	FD_MEMFD,
	FD_EVENTFD,
	FD_EPOLL,
	FD_TIMERFD,
	FD_SIGNALFD,
	FD_INOTIFY,
	FD_PIDFD,
	FD_ANON, /* other descriptors without a file: io_uring, perf, bpf … */
	FD_OTHER,
	FD_KIND_COUNT,
};

/* TCP states in the order of the kernel, whose first one is 1, followed by other
 * sockets. */
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
	SOCKET_TCP, /* TCP in an unknown state */
	SOCKET_UDP,
	SOCKET_UNIX,
	SOCKET_NETLINK,
	SOCKET_OTHER,
	SOCKET_STATE_COUNT,
};

enum limit_id {
	LIMIT_FDS,       /* RLIMIT_NOFILE */
	LIMIT_PROCESSES, /* RLIMIT_NPROC, for all tasks of the user */
	LIMIT_PIDS,      /* tasks of the cgroup */
	LIMIT_MEMORY,    /* bytes of the cgroup */
	LIMIT_COUNT,
};

/* A value of -1 is unknown; a maximum of -1 means that there is no limit. */
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
	int64_t rss_bytes; /* every field is -1 if unknown */
	int64_t threads;
	int64_t fds;
	int64_t children;
	double cpu_percent;
	int64_t posix_timers;
	int64_t inotify_watches;
	int64_t by_kind[FD_KIND_COUNT];
	int64_t by_socket[SOCKET_STATE_COUNT];
	struct limit limits[LIMIT_COUNT];
	struct go_heap_figures go_heap; /* of a Go program */
};

void resources_init(struct resources *resources); /* sets everything to unknown */
const char *fd_kind_name(int kind);
const char *socket_state_name(int state);
const struct limit_info *limit_info(int id);
/* Returns the used fraction of the limit, 1.0 for all of it, or -1 if unknown. */
double limit_share(const struct limit *limit);
#define LIMIT_NEAR 0.8
/* Returns the number of POSIX timers and timer descriptors, or -1 if both are unknown. */
int64_t resources_timers(const struct resources *resources);

#endif
