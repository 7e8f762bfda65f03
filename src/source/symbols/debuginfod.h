/* SPDX-License-Identifier: MIT */
/* Debug information from servers, where the user has configured some (DEBUGINFOD_URLS). It
 * is fetched by a thread of its own and never waited for. */
#ifndef SOURCE_SYMBOLS_DEBUGINFOD_H
#define SOURCE_SYMBOLS_DEBUGINFOD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct debuginfod;

/* NULL: no server is configured, or libdebuginfod is not installed. */
struct debuginfod *debuginfod_new(void);
/* Returns at once: a download that is under way is given up by its thread. NULL is
 * accepted. */
void debuginfod_free(struct debuginfod *fetch);

/* A descriptor of the file for this build id, or -1; it is asked for then, and at most once.
 * NULL is accepted. */
int debuginfod_open(struct debuginfod *fetch, const uint8_t *id, size_t length);
/* Whether a file came since this was asked last. NULL is accepted. */
bool debuginfod_arrived(struct debuginfod *fetch);

#endif
