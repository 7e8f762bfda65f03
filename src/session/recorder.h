/* SPDX-License-Identifier: MIT */
/* What the key R writes: every sample of the poller's thread goes into one file. */
#ifndef SESSION_RECORDER_H
#define SESSION_RECORDER_H

#include "core/feed.h"
#include "out/stream.h"
#include "rec/file.h"

struct recorder_of_view {
	struct feed_recorder state; /* state.on means that the file is open */
	struct rec_file file;
	struct stream *stream;
	struct buf lines;
};

/* path names an existing empty file. On failure, state.message says why. */
void recorder_start(struct recorder_of_view *recorder, const char *path);
/* A failed write is tried again with the next sample: the disk may have space then. */
void recorder_put(struct recorder_of_view *recorder, struct snapshot *snapshot);
void recorder_stop(struct recorder_of_view *recorder);

#endif
