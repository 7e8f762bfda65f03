/* SPDX-License-Identifier: MIT */
/* Detects sanitizers in a program that conflict with tracing or preloading. */
#ifndef SOURCE_CHILD_SANITIZER_H
#define SOURCE_CHILD_SANITIZER_H

#include <stdbool.h>
#include <sys/types.h>

/* Returns true if the process runs a program with LeakSanitizer, which uses ptrace at its
 * end to find leaks and fails when it is traced itself. */
bool sanitizer_traces(pid_t pid);
/* Returns true if the program uses AddressSanitizer as a shared library, which must be
 * loaded first; with a preloaded library, the program exits immediately. */
bool sanitizer_comes_first(const char *path);

#endif
