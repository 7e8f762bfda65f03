/* SPDX-License-Identifier: MIT */
/* What R in the view writes: every look of the poller's thread, into one file. */
#ifndef SESSION_RECORDER_H
#define SESSION_RECORDER_H

#include "core/feed.h"
#include "out/stream.h"
#include "rec/file.h"

struct recorder_of_view {
	struct feed_recorder state; /* on: the file is open */
	struct rec_file file;
	struct stream *stream;
	struct buf lines;
};

/* path: of a file that is there and empty. Where it fails, state.message says why. */
void recorder_start(struct recorder_of_view *recorder, const char *path);
/* A write that fails is tried again with the next look: a disk may get room. */
void recorder_put(struct recorder_of_view *recorder, struct snapshot *snapshot);
void recorder_stop(struct recorder_of_view *recorder);

#endif
