/* SPDX-License-Identifier: MIT */
/* What a pipe has brought so far, kept in a file without a name, so that it can be read
 * again while more comes. */
#ifndef SOURCE_PPROF_SPOOL_H
#define SOURCE_PPROF_SPOOL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct pprof_spool {
	int input; /* the caller's */
	int file;
	uint64_t bytes;
	bool on;   /* it was started */
	bool open; /* more may come */
};

int pprof_spool_start(struct pprof_spool *spool, int input, struct err *e);
/* Takes what is there, after waiting for it for up to wait_ms. Returns true if something
 * came or the input has ended. */
bool pprof_spool_take(struct pprof_spool *spool, int wait_ms);
/* Returns a new descriptor for all of it, from the beginning, or -1. */
int pprof_spool_reopen(const struct pprof_spool *spool);
void pprof_spool_release(struct pprof_spool *spool);

#endif
