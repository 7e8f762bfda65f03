/* SPDX-License-Identifier: MIT */
/* A few source lines around a place, where the file can be read here. Bounded: the name
 * comes from the target and the file may be anything. */
#ifndef TUI_EXCERPT_H
#define TUI_EXCERPT_H

#include <stddef.h>
#include <sys/types.h>

#define EXCERPT_LINES_MAX 7
#define EXCERPT_TEXT_MAX  240

struct excerpt {
	const char *file; /* interned: compared by address */
	int line;
	int first; /* number of lines[0] */
	size_t count;
	char lines[EXCERPT_LINES_MAX][EXCERPT_TEXT_MAX];
};

/* Reads only when the place is another one than before. count 0: not at hand. */
void excerpt_load(struct excerpt *excerpt, pid_t pid, const char *file, int line);

#endif
