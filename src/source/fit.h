/* SPDX-License-Identifier: MIT */
/* Which source would be taken for a process, for a list of all of them: the same questions
 * as source_choose() asks, remembered, within a budget of time, and without a connection to
 * anything. */
#ifndef SOURCE_FIT_H
#define SOURCE_FIT_H

#include <stdint.h>
#include <sys/types.h>

struct fits;
struct pages;

/* NULL: no memory. pages: that read the memory of all, and outlive it; or NULL. */
struct fits *fits_new(struct pages *pages);
void fits_free(struct fits *fits); /* NULL is accepted */
/* A look at all processes begins, which may take budget_ns for what is not known yet. */
void fits_begin(struct fits *fits, int64_t budget_ns);
/* The name of the source for a process that may be watched, static; NULL: there was no time
 * to find out. start_ticks tells a pid that is used again. */
const char *fits_of(struct fits *fits, pid_t pid, uint64_t start_ticks);
/* Forget the processes that this look has not asked for. */
void fits_end(struct fits *fits);

#endif
