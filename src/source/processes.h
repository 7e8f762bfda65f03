/* SPDX-License-Identifier: MIT */
/* Lists processes, and resolves the name that a user gave. Leaves out our own process and
 * kernel threads. */
#ifndef SOURCE_PROCESSES_H
#define SOURCE_PROCESSES_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "core/feed.h"

struct pages;
struct processes;

/* The list of processes, which is kept between samples for cpu_percent. budget_ns is the
 * time that each sample may spend on finding out which source would watch a process; the
 * source is "?" until there was time for it, and "-" if budget_ns is 0. Returns NULL if
 * out of memory. */
struct processes *source_processes_new(int64_t budget_ns);
void source_processes_free(struct processes *list);
/* Sorted by pid. Rows and their texts are valid until the next call or until free. */
int source_processes(struct processes *list, const struct process_row **rows,
		     size_t *count, struct err *e);

/*
 * Finds the process that text names: a pid or, unless only_pid, the exact name of a
 * process: the name that the kernel shortens, or that of its executable. Returns
 * ERR_NOTFOUND if there is none. Returns ERR_USAGE if there are several, which e lists,
 * or if it is not a pid.
 */
int source_resolve(const char *text, bool only_pid, pid_t *pid, struct err *e);
/* Returns true for our own process, and for our parent if it only waits for us. */
bool source_is_self(pid_t pid);
/* Returns true if the process has that name. pages is as for arguments_read(). */
bool source_has_name(pid_t pid, struct pages *pages, const char *name);
/* Returns what reads the memory of the processes of a list. */
struct pages *source_processes_pages(struct processes *list);

#endif
