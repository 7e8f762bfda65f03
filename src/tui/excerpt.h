/* SPDX-License-Identifier: MIT */
/* The source lines around a place, if the file can be read here. Its size is limited
 * because the name comes from the target and the file can be anything. */
#ifndef TUI_EXCERPT_H
#define TUI_EXCERPT_H

#include <stddef.h>
#include <sys/types.h>

#define EXCERPT_LINES_MAX 7
#define EXCERPT_TEXT_MAX  240

struct excerpt {
	const char *file; /* interned, so compared by address */
	int line;
	int first; /* number of lines[0] */
	size_t count;
	char lines[EXCERPT_LINES_MAX][EXCERPT_TEXT_MAX];
};

/* Reads the file only if the place has changed. count is 0 if it cannot be read. */
void excerpt_load(struct excerpt *excerpt, pid_t pid, const char *file, int line);

#endif
