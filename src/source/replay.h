/* SPDX-License-Identifier: MIT */
/* Where in a recording the next picture is taken. */
#ifndef SOURCE_REPLAY_H
#define SOURCE_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/feed.h"

#define REPLAY_FASTEST 64.0
#define REPLAY_SLOWEST 0.125

/* Whether what comes on fd is ours; waits for its first bytes and takes none of them. */
bool replay_fits_stream(int fd);
/* Move by a number of samples, or by a time (not 0). At the end it follows what is added. */
void replay_move(void *ctx, int samples, int64_t by_ns);
/* To the picture of this time. */
void replay_seek(void *ctx, int64_t real_ns);
/* Play from here at `speed` times the recorded pace. 0: stand still, also at the end. */
void replay_play(void *ctx, double speed);
/* Take in what was added (all: until a pipe ends) and go where time leads. */
int replay_update(void *ctx, bool all, struct feed_place *place, struct err *e);
/* Fill an empty snapshot with sample number `at`. */
int replay_read(void *ctx, size_t at, struct snapshot *out, struct err *e);
/* When the next picture is due (CLOCK_MONOTONIC), or INT64_MAX: it does not play. */
int64_t replay_due_ns(const void *ctx);

#endif
