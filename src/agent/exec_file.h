/* SPDX-License-Identifier: MIT */
/*
 * Whether a program that is about to be executed can load this library. Uses only raw
 * system calls and the caller's stack, so a child of vfork() may call it. Under a filter
 * that was in force when this process started, it only makes calls that the dynamic
 * linker has already made: openat, read and close.
 */
#ifndef AGENT_EXEC_FILE_H
#define AGENT_EXEC_FILE_H

#include <stdbool.h>

#include "agent/agent.h"

/* The ways to specify a program. */
struct exec_file {
	const char *path;
	int dir;     /* AT_FDCWD, or the argument of execveat() */
	int fd;      /* argument of fexecve(), otherwise -1 */
	bool search; /* search PATH if the name has no slash */
	bool moves;  /* the child changes its directory first */
};

/* Returns true if it cannot load the library, or if its file cannot be found or read. */
AGENT_HIDDEN bool exec_cannot_load(const struct exec_file *file);

#endif
