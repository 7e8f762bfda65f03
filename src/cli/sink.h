/* SPDX-License-Identifier: MIT */
/* The output of a command: the file given with -o, or standard output. */
#ifndef CLI_SINK_H
#define CLI_SINK_H

#include "base/buf.h"
#include "base/outfile.h"
#include "cli/options.h"

struct sink {
	int fd;
	const char *path;
	struct outfile file; /* the file of -o */
};

/* *width is that of the terminal, or 0. */
int sink_open(const struct options *options, struct sink *sink, int *width,
	      struct err *e);
/* A flush function for struct out_request, whose context is the sink. */
int sink_flush(void *ctx, struct buf *out, struct err *e);
/* rc is the result of writing; an incomplete file is removed. Returns an exit code, after
 * a message on failure. */
int sink_close(struct sink *sink, int rc, struct err *e);

/* Writes all of out. Returns an exit code, after a message on failure. */
int sink_put(const struct options *options, struct buf *out);

#endif
