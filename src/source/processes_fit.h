/* SPDX-License-Identifier: MIT */
/* Determines which source would be used for each process of a list. Answers the same
 * question as source_choose(), but caches the result, works within a time budget, and
 * connects to no socket. */
#ifndef SOURCE_PROCESSES_FIT_H
#define SOURCE_PROCESSES_FIT_H

#include <stdint.h>
#include <sys/types.h>

struct fits;
struct pages;

/* pages reads the memory of all processes, and must outlive it; may be NULL. Returns NULL
 * if out of memory. */
struct fits *fits_new(struct pages *pages);
void fits_free(struct fits *fits); /* NULL is accepted */
/* Begins a pass over all processes, which may spend budget_ns on what is not cached; a few
 * that are new have their turn in any case. */
void fits_begin(struct fits *fits, int64_t budget_ns);
/* Returns the static name of the source for a process that may be watched, or NULL if
 * there was no time to find out. start_ticks detects a pid that was reused. */
const char *fits_of(struct fits *fits, pid_t pid, uint64_t start_ticks);
/* Discards the processes that this pass has not asked about. */
void fits_end(struct fits *fits);

#endif
