/* SPDX-License-Identifier: MIT */
/* The file that a stream is appended to, and its predecessors: FILE, FILE.1 … */
#ifndef REC_FILE_H
#define REC_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* A longer line is not read back, because that would take too much memory. */
#define REC_LINE_MAX_BYTES (256u << 20)

struct rec_file {
	const char *path;                /* "-" for standard output */
	int64_t rotate_bytes, rotate_ns; /* 0 for never */
	int keep;                        /* number of files besides the current one */
	int fd;
	int64_t bytes, begin_ns;
};

/* Open the file for appending. If its last line is incomplete, it is terminated. */
int rec_file_open(struct rec_file *file, struct err *e);
/* Append whole lines and clear the buffer. After a failure the next lines begin on a new
 * line. ERR_UNSUPPORTED, with nothing written, if a line could not be read back. */
int rec_file_write(struct rec_file *file, struct buf *lines, struct err *e);
/* Start a new file if it is time to. Then *rotated is true and the next sample must be a
 * key sample. */
int rec_file_rotate(struct rec_file *file, bool *rotated, struct err *e);
int rec_file_close(struct rec_file *file, struct err *e);

#endif
