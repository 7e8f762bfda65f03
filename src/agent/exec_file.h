/* SPDX-License-Identifier: MIT */
/*
 * Whether a program that is about to be executed can load this library. Raw system calls and
 * the caller's stack only, so that a child of vfork() may ask. Under a filter that was in force
 * when this process started only calls that its dynamic linker has made: openat, read, close.
 */
#ifndef AGENT_EXEC_FILE_H
#define AGENT_EXEC_FILE_H

#include <stdbool.h>

#include "agent/agent.h"

/* What a program is named by. */
struct exec_file {
	const char *path;
	int dir;     /* AT_FDCWD; or of execveat() */
	int fd;      /* of fexecve(); else -1 */
	bool search; /* along PATH, if its name has no slash */
	bool moves;  /* the child goes to another folder first */
};

/* It cannot, or its file cannot be found or read. */
AGENT_HIDDEN bool exec_cannot_load(const struct exec_file *file);

#endif
