/* SPDX-License-Identifier: MIT */
/* The arguments and the environment of a process. They are in its memory, and while the
 * kernel waits for a page of them not even SIGKILL ends the process that reads
 * /proc/PID/cmdline. So that file is read only if the pages are in memory. */
#ifndef SOURCE_PROC_ARGUMENTS_H
#define SOURCE_PROC_ARGUMENTS_H

#include <sys/types.h>

#include "source/proc/pages.h"
#include "source/proc/process.h"

enum arguments_part { ARGUMENTS_COMMAND, ARGUMENTS_ENVIRONMENT };

/* NUL-terminated. Returns the length, cut at size - 1, or -errno. pages: read the
 * memory; if NULL, the function allocates its own. */
ssize_t arguments_read(const struct process *process, struct pages *pages,
		       enum arguments_part part, char *out, size_t size);

#endif
