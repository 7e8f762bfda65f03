/* SPDX-License-Identifier: MIT */
/* The source lines around a place, if the file can be read. */
#ifndef TUI_EXCERPT_H
#define TUI_EXCERPT_H

#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"

#define EXCERPT_LINES_MAX 7
#define EXCERPT_TEXT_MAX  240

struct excerpt {
	const char *file; /* interned, so compared by address */
	int line;
	int first; /* number of lines[0] */
	size_t count;
	char lines[EXCERPT_LINES_MAX][EXCERPT_TEXT_MAX];
};

/* As tui_options.read_code; NULL reads nothing. */
typedef int excerpt_read(pid_t pid, const char *name, struct buf *out);
/* Reads the file only if the place has changed. count is 0 if it cannot be read. */
void excerpt_load(struct excerpt *excerpt, excerpt_read *read, pid_t pid,
		  const char *file, int line);

#endif
