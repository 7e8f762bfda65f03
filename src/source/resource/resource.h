/* SPDX-License-Identifier: MIT */
/*
 * The folder src/source/resource counts what a process uses: memory, descriptors, sockets
 * and timers, and how close each is to its limit. It knows nothing about threads or
 * symbols.
 *
 * Breaks down the totals of a process: descriptors by kind, sockets by state, timers,
 * watches and limits. Each part is read only if it may have changed, at most every few
 * seconds, and in pieces of bounded size. Figures are unknown until the first pass is
 * complete.
 */
#ifndef SOURCE_RESOURCE_RESOURCE_H
#define SOURCE_RESOURCE_RESOURCE_H

#include <sys/types.h>

#include "core/resource.h"
#include "source/kernel/kernel.h"

#define RESOURCE_TCP_MAX 8192u /* further TCP sockets have no state */

/* A pass over the descriptors, in pieces. */
struct fd_pass {
	bool running;
	long position; /* in the directory */
	int64_t by_kind[FD_KIND_COUNT];
	int64_t by_socket[SOCKET_STATE_COUNT];
	int64_t watches;
	size_t watch_bytes;             /* remaining budget */
	uint32_t tcp[RESOURCE_TCP_MAX]; /* inodes */
	size_t nr_tcp;
};

struct resource_details {
	struct fd_pass pass;
	int64_t pass_at_ns; /* when the last pass began; 0 if none did */
	int64_t pass_fds;   /* number of descriptors at that time */
	bool passed;        /* `known` has the result of a pass */
	int64_t limits_at_ns;
	int64_t user_at_ns; /* when the tasks of its user were last counted */
	int64_t user_took_ns;
	struct resources known;
};

void resource_details_init(struct resource_details *details);
/* Fills in what `out` lacks; its fds must have been read. */
void resource_details_read(struct resource_details *details, struct kernel *kernel,
			   struct resources *out);

/* fds.c: reads one piece of a pass. Returns true when the pass is complete. */
void fd_pass_begin(struct fd_pass *pass);
bool fd_pass_step(struct fd_pass *pass, struct kernel *kernel, size_t descriptors);
/* Derives the kind from the target of a link in /proc/PID/fd. */
enum fd_kind fd_kind_of_link(const char *link);
/* tcp.c: counts the states of the sockets in pass->tcp in pass->by_socket. */
void fd_pass_tcp_states(struct fd_pass *pass, const struct kernel *kernel);

/* limits.c: returns the soft limit of a line of /proc/PID/limits, or -1 if there is no
 * limit or no such line. */
int64_t limit_parse(const char *text, const char *name);
/* Parses "max" or a number. Returns -1 if there is no limit or if it is not a number. */
int64_t limit_parse_cgroup(const char *text);
/* Gets the path of a controller ("" for the unified hierarchy) from /proc/PID/cgroup.
 * Returns false if it has none, or one with "..". */
bool limit_cgroup_path(const char *text, const char *controller, char *out, size_t size);
void resource_limits_read(struct resource_details *details, struct kernel *kernel);

/* The totals of a process. */
struct resource_reader {
	struct kernel *kernel;
	uint64_t cpu_ticks;
	int64_t cpu_at_ns;
	double cpu_percent;
	size_t child_cursor; /* children are counted in rounds over the threads */
	int64_t child_sum;
	int64_t children;
	bool child_round_done;
	uint64_t start_stack;
	bool stopped;  /* the main thread is stopped by a signal or a tracer */
	bool executed; /* it executed another program since the last sample */
	long hz;
	struct resource_details details;
};
void resource_init(struct resource_reader *reader, struct kernel *kernel);
/* tids may be NULL if the threads were not listed. Returns ERR_GONE if the process has
 * ended. */
int resource_read(struct resource_reader *reader, const pid_t *tids, size_t nr_tids,
		  struct snapshot *out, struct err *e);

#endif
