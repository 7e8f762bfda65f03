/* SPDX-License-Identifier: MIT */
/* One pass over all processes, as the library of procps reads them. The build compiles
 * one of process_scan_proc2.c (libproc2, procps 4) and process_scan_procps.c (libprocps,
 * procps 3.3), whichever pkg-config finds. */
#ifndef SOURCE_PROCESS_SCAN_H
#define SOURCE_PROCESS_SCAN_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct process_scan;

struct scanned_process {
	pid_t pid;
	int threads;
	char state;     /* the letter in /proc/PID/stat */
	uint64_t flags; /* PF_… of the kernel */
	uint64_t began_ticks, rss_bytes;
	uint64_t used_ticks; /* of all its threads, since the pass before */
	/* Cut to fit; user is a number if it has no name. */
	char user[64], name[64];
};

/* Returns NULL if out of memory. */
struct process_scan *process_scan_new(void);
void process_scan_free(struct process_scan *scan); /* NULL is accepted */
/* Reads all processes, in no order. The rows are valid until the next call. Any thread
 * may call it, but one scan must not be used by two at once. Returns ERR_SYS if /proc
 * cannot be read. */
int process_scan_take(struct process_scan *scan, const struct scanned_process **rows,
		      size_t *count, struct err *e);

#endif
