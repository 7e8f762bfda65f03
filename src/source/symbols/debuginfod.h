/* SPDX-License-Identifier: MIT */
/* Fetches debug information from the servers that the user has configured
 * (DEBUGINFOD_URLS). A separate thread does so; callers never wait for it. */
#ifndef SOURCE_SYMBOLS_DEBUGINFOD_H
#define SOURCE_SYMBOLS_DEBUGINFOD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct debuginfod;

/* Returns NULL if no server is configured or libdebuginfod is not installed. */
struct debuginfod *debuginfod_new(void);
/* Returns at once; the thread cancels a download in progress. NULL is accepted. */
void debuginfod_free(struct debuginfod *fetch);

/* Returns a descriptor of the file for this build id, which the caller closes, or -1. The
 * first call for a build id requests the file if it is not cached. NULL is accepted. */
int debuginfod_open(struct debuginfod *fetch, const uint8_t *id, size_t length);
/* Returns true if a file has arrived since the last call. NULL is accepted. */
bool debuginfod_arrived(struct debuginfod *fetch);

#endif
