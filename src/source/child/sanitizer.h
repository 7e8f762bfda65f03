/* SPDX-License-Identifier: MIT */
/* Whether a program has a sanitizer inside that does not bear what is meant for it. */
#ifndef SOURCE_CHILD_SANITIZER_H
#define SOURCE_CHILD_SANITIZER_H

#include <stdbool.h>
#include <sys/types.h>

/* The program that the process runs looks for leaks itself at its end, by means of ptrace,
 * and fails when it is traced: LeakSanitizer. */
bool sanitizer_traces(pid_t pid);
/* The program in this file ends at once when a library is preloaded: AddressSanitizer, as a
 * library of its own, has to be the first. */
bool sanitizer_comes_first(const char *path);

#endif
