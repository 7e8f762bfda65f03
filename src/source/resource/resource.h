/* SPDX-License-Identifier: MIT */
/*
 * The folder src/source/resource counts what a process uses: memory, descriptors,
 * sockets, timers, and how near each is to its limit. It does not know threads or
 * symbols.
 *
 * What the totals of a process are made of: descriptors by kind, sockets by state, timers,
 * watches, limits. Each part is read only when it may have changed, at most every few seconds
 * and a bounded piece at a time; until a first pass is complete its figures are not known.
 */
#ifndef SOURCE_RESOURCE_RESOURCE_H
#define SOURCE_RESOURCE_RESOURCE_H

#include <sys/types.h>

#include "core/resource.h"
#include "source/kernel/kernel.h"

#define RESOURCE_TCP_MAX 8192u /* further TCP sockets have no state */

/* One pass over the descriptors, in pieces. */
struct fd_pass {
	bool running;
	long position; /* in the directory */
	int64_t by_kind[FD_KIND_COUNT];
	int64_t by_socket[SOCKET_STATE_COUNT];
	int64_t watches;
	size_t watch_bytes;             /* that may still be read */
	uint32_t tcp[RESOURCE_TCP_MAX]; /* inodes */
	size_t nr_tcp;
};

struct resource_details {
	struct fd_pass pass;
	int64_t pass_at_ns; /* when the last pass began; 0: there was none */
	int64_t pass_fds;   /* descriptors that there were then */
	bool passed;        /* `known` holds the result of one */
	int64_t limits_at_ns;
	int64_t user_at_ns; /* when the tasks of its user were counted */
	int64_t user_took_ns;
	struct resources known;
};

void resource_details_init(struct resource_details *details);
/* Fill what out->resources does not have yet; its fds are read already. */
void resource_details_read(struct resource_details *details, struct kernel *kernel,
			   struct resources *out);

/* fds.c: one piece of a pass; true when it is complete. */
void fd_pass_begin(struct fd_pass *pass);
bool fd_pass_step(struct fd_pass *pass, struct kernel *kernel, size_t descriptors);
/* What the target of a link in /proc/PID/fd says. */
enum fd_kind fd_kind_of_link(const char *link);
/* tcp.c: states of pass->tcp into pass->by_socket. */
void fd_pass_tcp_states(struct fd_pass *pass, const struct kernel *kernel);

/* limits.c. The soft limit of a line of /proc/PID/limits; -1: none, or no such
 * line. */
int64_t limit_parse(const char *text, const char *name);
/* "max" or a number; -1: no limit, or no number. */
int64_t limit_parse_cgroup(const char *text);
/* The path of a controller ("" for the unified hierarchy) in /proc/PID/cgroup; false: it has
 * none, or one that leads elsewhere. */
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
	bool stopped;  /* the main thread, by a signal or a tracer */
	bool executed; /* another program since the look before */
	long hz;
	struct resource_details details;
};
void resource_init(struct resource_reader *reader, struct kernel *kernel);
/* tids may be NULL when the threads were not listed. ERR_GONE: the process ended. */
int resource_read(struct resource_reader *reader, const pid_t *tids, size_t nr_tids,
		  struct snapshot *out, struct err *e);

#endif
