/* SPDX-License-Identifier: MIT */
/*
 * The memory of another process, which may be such that somebody has to bring a page of it
 * first, and never does: of a file on a file system that does not answer, or served through
 * userfaultfd. What is there is read at once; for what is not a worker waits, and is given up
 * with that page alone.
 */
#ifndef SOURCE_PROC_PAGES_H
#define SOURCE_PROC_PAGES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct pages;
struct process;

/* cancel: atomic; not 0: nothing is waited for; may be NULL. NULL: no memory. */
struct pages *pages_new(const int *cancel);
void pages_free(struct pages *pages);
/*
 * Bytes read from the memory of the process, or -errno. Fewer than asked for where the range goes on
 * with what cannot be read, or with a page that is not there and was not asked for alone.
 * wait: for pages that are not there; else they cannot be read.
 */
ssize_t pages_read(struct pages *pages, const struct process *process, uint64_t address,
		   void *out, size_t bytes, bool wait);
/* Whether all of the range is there. */
bool pages_present(struct pages *pages, const struct process *process, uint64_t address,
		   size_t bytes);
/*
 * Run a job that may wait for a file in the same way: it opens and reads, and what the kernel
 * writes into is its own or never freed. False: it was given up; arg is lost then, and must
 * stay. pages may be NULL: it is run here.
 */
bool pages_run(struct pages *pages, void (*job)(void *arg), void *arg);
/* How many pages and files do not answer. */
size_t pages_dead(const struct pages *pages);

#endif
