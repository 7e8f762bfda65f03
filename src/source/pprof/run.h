/* SPDX-License-Identifier: MIT */
/* What stands before and behind every line of a run of lines, such as a logger's time and
 * level. It is taken from the line of a header, where the border is known. */
#ifndef SOURCE_PPROF_RUN_H
#define SOURCE_PPROF_RUN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Nothing that is longer is a prefix. */
#define PPROF_PREFIX_MAX 4096u

struct pprof_run {
	bool on;     /* else lines are as they are */
	bool quoted; /* the lines are strings with escapes */
	bool named;  /* the prefix is more than blanks and marks */
	struct buf prefix, suffix;
	struct buf text; /* of the line last stripped, if it had escapes */
};

void pprof_run_release(struct pprof_run *run);
/* False: too long. */
bool pprof_run_set(struct pprof_run *run, const char *prefix, size_t prefix_bytes,
		   const char *suffix, size_t suffix_bytes);
/* The line without both; false: it has no such prefix, and is left as it is. The text holds
 * until the next call. */
bool pprof_run_strip(struct pprof_run *run, const char **line, size_t *length);

#endif
