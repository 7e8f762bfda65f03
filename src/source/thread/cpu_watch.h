/* SPDX-License-Identifier: MIT */
/* Learns the clock of a busy CPU by observing the threads that run there, of any
 * process. */
#ifndef SOURCE_THREAD_CPU_WATCH_H
#define SOURCE_THREAD_CPU_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CPU_WATCHES_MAX 64u

struct cpu_watch {
	int cpu;
	bool seen;        /* most_ns is valid */
	bool known;       /* most_ns is accurate to a few milliseconds */
	int64_t most_ns;  /* upper bound of the lag */
	int64_t width_ns; /* the lag is at least most_ns - width_ns */
};

/* Runs until all CPUs are known, no thread runs on them, or until_ns has passed. */
void cpu_watch_run(struct cpu_watch *watched, size_t nr, int64_t until_ns);

#endif
