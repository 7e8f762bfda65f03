/* SPDX-License-Identifier: MIT */
/* The arguments and the environment of a process. They lie in its memory, and the kernel waits
 * for a page of that in such a way that not even SIGKILL ends who reads /proc/PID/cmdline: so
 * that is done only where they are there. */
#ifndef SOURCE_PROC_ARGUMENTS_H
#define SOURCE_PROC_ARGUMENTS_H

#include <sys/types.h>

#include "source/proc/pages.h"

enum arguments_part { ARGUMENTS_COMMAND, ARGUMENTS_ENVIRONMENT };

/* NUL-terminated. Returns the length, cut at size - 1, or -errno. pages: that read the
 * memory; NULL: some are made for it. */
ssize_t arguments_read(pid_t pid, struct pages *pages, enum arguments_part part,
		       char *out, size_t size);

#endif
