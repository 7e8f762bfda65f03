/* SPDX-License-Identifier: MIT */
/*
 * The folder src/rec has the files of recordings: where their samples are, and how a line
 * becomes a snapshot. It does not know how they are made or played.
 *
 * Reads a stream (grmon-stream(5)) or a single dump, from a file or a pipe, also while it
 * is being written. Every byte is hostile: lines that make no sense are passed over, and
 * what follows a gap waits for the next key sample. Only the places of lines are kept.
 */
#ifndef REC_READER_H
#define REC_READER_H

#include "base/err.h"
#include "base/intern.h"
#include "core/snapshot.h"
#include "core/stack.h"

struct rec_reader;

/* fd: the caller's, read by position where it can be, else copied to an unnamed file. The
 * tables outlive the reader. NULL with e. */
struct rec_reader *rec_reader_new(int fd, struct intern *intern,
				  struct stack_table *stacks, struct err *e);
/* The file and what it was rotated to, PATH.1, PATH.2 …, oldest first, as one recording. */
struct rec_reader *rec_reader_open(const char *path, struct intern *intern,
				   struct stack_table *stacks, struct err *e);
void rec_reader_free(struct rec_reader *reader);
/* Take in what was written since the last call; never blocks on a pipe. */
int rec_reader_poll(struct rec_reader *reader, struct err *e);
/* Whether more may come: the pipe is open. A file may always grow. */
bool rec_reader_is_open(const struct rec_reader *reader);
/* Wait until a pipe has something more, at most this long. */
void rec_reader_wait(const struct rec_reader *reader, int timeout_ms);
/* Samples found so far. */
size_t rec_reader_count(const struct rec_reader *reader);
/* Fill an empty snapshot with sample number `at`, counted from 0. Where that cannot be read
 * it is the one before, or the next one; target.unread then, and a note says why. */
int rec_reader_read(struct rec_reader *reader, size_t at, struct snapshot *out,
		    struct err *e);
/* Why there is no sample: ERR_FORMAT. */
int rec_reader_explain(const struct rec_reader *reader, const char *name, struct err *e);
/* When sample `at` was taken, by the clock of the day; 0: not known. */
int64_t rec_reader_time(const struct rec_reader *reader, size_t at);
/* The last sample that was taken at or before real_ns (the first one if there is none). */
size_t rec_reader_find(const struct rec_reader *reader, int64_t real_ns);

#endif
