/* SPDX-License-Identifier: MIT */
/* Which processes there are, and what the user means by a name. Ourselves and kernel
 * threads are left out. */
#ifndef SOURCE_PROCESSES_H
#define SOURCE_PROCESSES_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "core/feed.h"

struct pages;
struct processes;

/* The list of processes, kept from look to look for cpu_percent. budget_ns: how long each
 * look may find out by which sources they would be watched; where there was no time it is
 * "?" until a later look; 0: nobody asks, "-". NULL: no memory. */
struct processes *source_processes_new(int64_t budget_ns);
void source_processes_free(struct processes *list);
/* Sorted by pid. Rows and their texts live until the next call or until free. */
int source_processes(struct processes *list, const struct process_row **rows,
		     size_t *count, struct err *e);

/*
 * The process that text names: a pid, or (unless only_pid) the exact name of a process, as
 * the kernel shortens it or as its executable is called. ERR_NOTFOUND: none. ERR_USAGE:
 * several, which the sentence lists, or no pid at all.
 */
int source_resolve(const char *text, bool only_pid, pid_t *pid, struct err *e);
/* We, or the parent of the same program that only waits for us. */
bool source_is_self(pid_t pid);
/* Whether it has that name in the same sense. pages: as for arguments_read(). */
bool source_has_name(pid_t pid, struct pages *pages, const char *name);
/* What reads the memory of the processes of a list. */
struct pages *source_processes_pages(struct processes *list);

#endif
