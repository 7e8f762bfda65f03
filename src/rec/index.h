/* SPDX-License-Identifier: MIT */
/*
 * Where the samples of a recording are: in a file and those that it was rotated to, in a
 * pipe's bytes, or in one dump. Only places are kept; whole lines count, others do not.
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

/* One file, oldest first. */
struct rec_part {
	int fd; /* -1: too many, it was closed */
	dev_t device;
	ino_t inode;
};

struct rec_index {
	char *path; /* to look for what it was rotated to; NULL: none */
	struct rec_part *parts;
	size_t nr_parts, nr_closed;
	int input; /* a pipe that is copied to the only part; -1: none, or at its end */
	int64_t spooled;
	/* Of the last part. */
	int64_t scanned, line_begin;
	char begin[REC_BEGIN_BYTES]; /* of the line that is being scanned */
	size_t begin_bytes;
	struct rec_entry *entries;
	size_t nr_entries, cap_entries;
	char *chunk;
	size_t nr_foreign; /* lines that are neither a sample nor a header, and the first */
	int64_t foreign_at;
};

/* fd: the caller's; a file is read by position, anything else is copied. */
int rec_index_open_fd(struct rec_index *index, int fd, struct err *e);
/* The file, and PATH.1, PATH.2 … that were written before it. */
int rec_index_open_path(struct rec_index *index, const char *path, struct err *e);
void rec_index_release(struct rec_index *index);
/* Take in what was written since; never blocks on a pipe. */
int rec_index_poll(struct rec_index *index, struct err *e);
/* The bytes of an entry, for the caller to free; NULL: they are gone. */
char *rec_index_load(const struct rec_index *index, const struct rec_entry *entry,
		     size_t *length);
/* When sample `at` was taken, from the beginning of its line; 0: a dump. */
int64_t rec_index_time(const struct rec_index *index, size_t at);
/* The last sample that was taken at or before real_ns (the first one if there is none). */
size_t rec_index_find(const struct rec_index *index, int64_t real_ns);

#endif
