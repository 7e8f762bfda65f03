/* SPDX-License-Identifier: MIT */
/* A mapped file may be cut by whoever may write to it, as an installer does that writes over
 * a library in place; touching what is gone raises SIGBUS. The reader goes on with zeros
 * there, as if the file had been written so. */
#ifndef BASE_MAP_GUARD_H
#define BASE_MAP_GUARD_H

#include <signal.h>
#include <stdbool.h>

/* Once, before any other handler of SIGBUS; such a handler asks map_guard_repair() first. */
void map_guard_install(void);
/* Whether the signal was for a page behind the end of a file; there is memory in its place
 * now. Async-signal-safe. */
bool map_guard_repair(const siginfo_t *info);

#endif
