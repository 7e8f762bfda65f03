/* SPDX-License-Identifier: MIT */
/* The file that a stream is appended to, and those that came before it: FILE, FILE.1 … */
#ifndef REC_FILE_H
#define REC_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct rec_file {
	const char *path;                /* "-": the standard output */
	int64_t rotate_bytes, rotate_ns; /* 0: never */
	int keep;                        /* files besides the current one */
	int fd;
	int64_t bytes, begin_ns;
};

/* Open to append; a last line that was cut off is ended. */
int rec_file_open(struct rec_file *file, struct err *e);
/* Append whole lines and clear them. After a failure the next ones begin a new line. */
int rec_file_write(struct rec_file *file, struct buf *lines, struct err *e);
/* Starts a new file when it is time: *rotated, and a key sample is due. */
int rec_file_rotate(struct rec_file *file, bool *rotated, struct err *e);
int rec_file_close(struct rec_file *file, struct err *e);

#endif
