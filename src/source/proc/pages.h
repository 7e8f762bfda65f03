/* SPDX-License-Identifier: MIT */
/*
 * Reads the memory of a target without getting stuck in it. A page may have to be fetched
 * first, and never arrive: one of a file on a file system that does not answer, or one
 * served through userfaultfd. Pages that are in memory are read at once. For the others a
 * worker thread waits; if a page does not arrive in time, that page and its worker are
 * abandoned.
 */
#ifndef SOURCE_PROC_PAGES_H
#define SOURCE_PROC_PAGES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct pages;
struct process;

/* cancel: atomic, may be NULL; while it is not 0, no read waits. Returns NULL if there is
 * no memory. */
struct pages *pages_new(const int *cancel);
/* The same for another target of the same thread. Both use one worker thread, which
 * otherwise each would have; a page that does not arrive only counts for its own target. */
struct pages *pages_new_beside(const int *cancel, struct pages *other);
void pages_free(struct pages *pages);
/*
 * Returns the number of bytes read, or -errno. It is less than requested if the range
 * continues with memory that cannot be read, or with a page that is not in memory; that
 * page is waited for only by a read that begins in it. wait: whether to wait for such
 * pages; if not, they count as unreadable.
 */
ssize_t pages_read(struct pages *pages, const struct process *process, uint64_t address,
		   void *out, size_t bytes, bool wait);
/* Returns whether every page of the range is in memory. */
bool pages_present(struct pages *pages, const struct process *process, uint64_t address,
		   size_t bytes);
/* Drops from sorted addresses those whose page is not in memory. Returns how many are
 * left. */
size_t pages_keep_present(struct pages *pages, const struct process *process,
			  uint64_t *addresses, size_t nr);
/*
 * Runs a job that opens and reads files, with the same protection. The buffers that the
 * kernel writes into must belong to the job or never be freed. Returns false if the job
 * was abandoned: it may still run, so arg must not be freed. If pages is NULL, the job
 * runs in this thread.
 */
bool pages_run(struct pages *pages, void (*job)(void *arg), void *arg);
/* Returns the number of pages and files that have not answered. */
size_t pages_dead(const struct pages *pages);

#endif
