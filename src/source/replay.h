/* SPDX-License-Identifier: MIT */
/* Where in a recording the next picture is taken. */
#ifndef SOURCE_REPLAY_H
#define SOURCE_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

/* Whether what comes on fd is ours; waits for its first bytes and takes none of them. */
bool replay_fits_stream(int fd);
/* Move by so many samples, or by time (not 0). At the end it follows what is added. */
void replay_move(void *ctx, int samples, int64_t by_ns);

#endif
