/* SPDX-License-Identifier: MIT */
/* The clock of a busy CPU, told by the threads that run there, whosever they are. */
#ifndef SOURCE_THREAD_CPU_WATCH_H
#define SOURCE_THREAD_CPU_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CPU_WATCHES_MAX 64u

struct cpu_watch {
	int cpu;
	bool seen;        /* most_ns holds */
	bool known;       /* … and is exact to a few milliseconds */
	int64_t most_ns;  /* the lag is at most this */
	int64_t width_ns; /* … and at least this much less */
};

/* Until all are known, or nobody runs there, or that time. */
void cpu_watch_run(struct cpu_watch *watched, size_t nr, int64_t until_ns);

#endif
