/* SPDX-License-Identifier: MIT */
/* Snapshots as lines of a stream, see grmon-stream(5). Each line contains what changed
 * since the previous one; a key sample contains everything. */
#ifndef OUT_STREAM_H
#define OUT_STREAM_H

#include "base/buf.h"
#include "base/err.h"
#include "core/snapshot.h"

struct stream;

/* Returns NULL if out of memory. */
struct stream *stream_new(void);
void stream_free(struct stream *stream);
/* Makes the next sample a key sample with a header: call it for a new file or after a
 * line was lost. */
void stream_restart(struct stream *stream);
/* Also writes what tasks hold, in the samples that have it. */
void stream_write_holds(struct stream *stream);
/* Stores the goroutines whose holds should be read with the next sample, because
 * they were not written yet. Returns their number. */
size_t stream_wants_holds(const struct stream *stream, const struct snapshot *snapshot,
			  struct holds_wish *list, size_t most);
/* Appends one sample. All snapshots must share the tables of one session. Keeps a
 * reference. */
int stream_put(struct stream *stream, struct snapshot *snapshot, struct buf *out,
	       struct err *e);

#endif
