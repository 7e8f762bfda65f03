/* SPDX-License-Identifier: MIT */
/* The source lines around a place, if the file can be read. */
#ifndef CORE_EXCERPT_H
#define CORE_EXCERPT_H

#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"

#define EXCERPT_LINES_MAX 7
#define EXCERPT_TEXT_MAX  240

struct excerpt {
	const char *file; /* interned, so compared by address */
	int line;
	pid_t pid;
	int first; /* number of lines[0] */
	size_t count;
	char lines[EXCERPT_LINES_MAX][EXCERPT_TEXT_MAX];
};

/* Appends the file of source code with this name to out, as a process sees it or as this
 * machine has it; pid is 0 if there is no process. Returns 0, or less if it cannot be
 * read. */
typedef int excerpt_read(pid_t pid, const char *name, struct buf *out);
/* Reads the file only if the place has changed. read may be NULL. count is 0 if there are
 * no lines to show. */
void excerpt_load(struct excerpt *excerpt, excerpt_read *read, pid_t pid,
		  const char *file, int line);

#endif
