/* SPDX-License-Identifier: MIT */
/*
 * The folder src/rec has the files of recordings: where their samples are, and how a line
 * becomes a snapshot. It must not know how recordings are made or played.
 *
 * Reads a stream (grmon-stream(5)) or a single dump, from a file or a pipe, even while it
 * is being written. Every byte is treated as hostile: lines that cannot be parsed are
 * skipped, and samples after a gap are ignored until the next key sample. Only the
 * positions of lines are kept in memory.
 */
#ifndef REC_READER_H
#define REC_READER_H

#include "base/err.h"
#include "base/intern.h"
#include "core/snapshot.h"
#include "core/stack.h"

struct rec_reader;

/* fd remains the caller's. It is read by position if possible, and otherwise copied to an
 * unnamed file. The tables must outlive the reader. Returns NULL on error and sets e. */
struct rec_reader *rec_reader_new(int fd, struct intern *intern,
				  struct stack_table *stacks, struct err *e);
/* Opens the file and the files it was rotated to, PATH.1, PATH.2 …, as one recording,
 * oldest first. */
struct rec_reader *rec_reader_open(const char *path, struct intern *intern,
				   struct stack_table *stacks, struct err *e);
void rec_reader_free(struct rec_reader *reader);
/* Read what has been written since the last call. Never blocks on a pipe. */
int rec_reader_poll(struct rec_reader *reader, struct err *e);
/* Returns whether the pipe is open, so that more data may follow. A file may always
 * grow. */
bool rec_reader_is_open(const struct rec_reader *reader);
/* Wait until a pipe has more data, but at most timeout_ms. */
void rec_reader_wait(const struct rec_reader *reader, int timeout_ms);
/* Returns the number of samples found so far. */
size_t rec_reader_count(const struct rec_reader *reader);
/* Fill an empty snapshot with sample number `at`, counted from 0. If that sample cannot
 * be read, the one before it is used, or else the next one; then target.unread is set and
 * a note gives the reason. */
int rec_reader_read(struct rec_reader *reader, size_t at, struct snapshot *out,
		    struct err *e);
/* Sets an error that says why there is no sample. Returns ERR_FORMAT. */
int rec_reader_explain(const struct rec_reader *reader, const char *name, struct err *e);
/* Returns the CLOCK_REALTIME at which sample `at` was taken, or 0 if unknown. */
int64_t rec_reader_time(const struct rec_reader *reader, size_t at);
/* Returns the last sample at or before real_ns, or the first sample if there is none. */
size_t rec_reader_find(const struct rec_reader *reader, int64_t real_ns);

#endif
