/* SPDX-License-Identifier: MIT */
/* Snapshots as lines of a stream, see grmon-stream(5): each line holds what changed since
 * the one before, a key sample holds everything. */
#ifndef OUT_STREAM_H
#define OUT_STREAM_H

#include "base/buf.h"
#include "base/err.h"
#include "core/snapshot.h"

struct stream;

/* NULL: no memory. */
struct stream *stream_new(void);
void stream_free(struct stream *stream);
/* The next sample is a key sample with a header before it: a new file, or a line was lost. */
void stream_restart(struct stream *stream);
/* Append one sample. Snapshots share one session's tables; a reference is kept. */
int stream_put(struct stream *stream, struct snapshot *snapshot, struct buf *out,
	       struct err *e);

#endif
