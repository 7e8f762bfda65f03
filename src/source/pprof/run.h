/* SPDX-License-Identifier: MIT */
/* What a run of lines has before and after each line, such as a logger's time and level.
 * It is learned from the line of a header, where the boundary is known. */
#ifndef SOURCE_PPROF_RUN_H
#define SOURCE_PPROF_RUN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Longer texts are not taken for a prefix. */
#define PPROF_PREFIX_MAX 4096u

struct pprof_run {
	bool on;     /* if false, lines are passed through unchanged */
	bool quoted; /* the lines are strings with escapes */
	bool named;  /* the prefix is more than blanks and punctuation */
	struct buf prefix, suffix;
	struct buf text; /* the last line that was stripped, if it had escapes */
};

void pprof_run_release(struct pprof_run *run);
/* Returns false if either is too long. */
bool pprof_run_set(struct pprof_run *run, const char *prefix, size_t prefix_bytes,
		   const char *suffix, size_t suffix_bytes);
/* Removes both from the line. Returns false and leaves the line unchanged if it has no
 * such prefix. The text is valid until the next call. */
bool pprof_run_strip(struct pprof_run *run, const char **line, size_t *length);

#endif
