/* SPDX-License-Identifier: MIT */
/* Controls the position in a recording from which the next snapshot is taken. */
#ifndef SOURCE_REPLAY_H
#define SOURCE_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/feed.h"

#define REPLAY_FASTEST 64.0

/* Returns true if the data on fd is a stream of ours. Waits for its first bytes, and
 * consumes none of them. */
bool replay_fits_stream(int fd);
/* Moves by a number of samples, or by a time if by_ns is not 0. At the end, replay
 * follows samples as they are added. */
void replay_move(void *ctx, int samples, int64_t by_ns);
/* Moves to the snapshot at this time. */
void replay_seek(void *ctx, int64_t real_ns);
/* Playback speed relative to recording time. 0 pauses; playback also pauses at the end.
 * */
void replay_play(void *ctx, double speed);
/* Reads what was added (with `all`, until a pipe ends), and advances if it plays. */
int replay_update(void *ctx, bool all, struct feed_place *place, struct err *e);
/* Fills an empty snapshot with sample number `at`. */
int replay_read(void *ctx, size_t at, struct snapshot *out, struct err *e);
/* Returns when the next snapshot is due (CLOCK_MONOTONIC), or INT64_MAX if it does not
 * play. */
int64_t replay_due_ns(const void *ctx);

#endif
