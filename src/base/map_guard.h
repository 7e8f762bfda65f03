/* SPDX-License-Identifier: MIT */
/* A mapped file may be truncated by any process that can write to it, for example by an
 * installer that overwrites a library in place. Accessing the missing part raises SIGBUS.
 * With this guard, the reader sees zeros there, as if the file contained them. */
#ifndef BASE_MAP_GUARD_H
#define BASE_MAP_GUARD_H

#include <signal.h>
#include <stdbool.h>

/* Call this once, before installing any other SIGBUS handler. Such a handler must call
 * map_guard_repair() first. */
void map_guard_install(void);
/* Returns whether the signal was caused by a page beyond the end of a file, in which case
 * memory has been mapped in its place. Async-signal-safe. */
bool map_guard_repair(const siginfo_t *info);

#endif
