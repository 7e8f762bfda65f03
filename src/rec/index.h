/* SPDX-License-Identifier: MIT */
/*
 * The positions of the samples of a recording, which is a file and the files it was
 * rotated to, the bytes of a pipe, or one dump. Only positions are kept. Incomplete lines
 * are ignored.
 */
#ifndef REC_INDEX_H
#define REC_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

#define REC_BEGIN_BYTES 256u

struct rec_entry {
	int64_t offset;
	uint32_t bytes;
	uint16_t part;
	bool key;
};

/* One file. The oldest is first. */
struct rec_part {
	int fd; /* -1 if it was closed because too many were open */
	dev_t device;
	ino_t inode;
};

struct rec_index {
	/* used to find the files it was rotated to; NULL if there is no path */
	char *path;
	struct rec_part *parts;
	size_t nr_parts, nr_closed, cap_parts;
	/* a pipe that is copied to the only part; -1 if there is none or it has ended */
	int input;
	int64_t spooled;
	/* Position in the last part. */
	int64_t scanned, line_begin;
	char begin[REC_BEGIN_BYTES]; /* beginning of the line that is being scanned */
	size_t begin_bytes;
	struct rec_entry *entries;
	size_t nr_entries, cap_entries;
	char *chunk;
	size_t nr_foreign; /* number of lines that are neither samples nor headers */
	int64_t foreign_at;
};

/* fd remains the caller's. A file is read by position, anything else is copied. */
int rec_index_open_fd(struct rec_index *index, int fd, struct err *e);
/* Opens the file and its predecessors PATH.1, PATH.2 … */
int rec_index_open_path(struct rec_index *index, const char *path, struct err *e);
void rec_index_release(struct rec_index *index);
/* Read what has been written since the last call. Never blocks on a pipe. */
int rec_index_poll(struct rec_index *index, struct err *e);
/* Returns the bytes of an entry, which the caller frees, or NULL if they can no longer be
 * read. */
char *rec_index_load(const struct rec_index *index, const struct rec_entry *entry,
		     size_t *length);
/* Returns the time of sample `at`, taken from the beginning of its line, or 0 for a
 * dump. */
int64_t rec_index_time(const struct rec_index *index, size_t at);
/* Returns the last sample at or before real_ns, or the first sample if there is none. */
size_t rec_index_find(const struct rec_index *index, int64_t real_ns);

#endif
