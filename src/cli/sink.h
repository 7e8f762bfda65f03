/* SPDX-License-Identifier: MIT */
/* Where the output of a command goes: to the file of -o, or to the standard output. */
#ifndef CLI_SINK_H
#define CLI_SINK_H

#include "base/buf.h"
#include "base/outfile.h"
#include "cli/options.h"

struct sink {
	int fd;
	const char *path;
	struct outfile file; /* of -o */
};

/* width: of a terminal, else 0. */
int sink_open(const struct options *options, struct sink *sink, int *width,
	      struct err *e);
/* As a flush of struct out_request, whose context is the sink. */
int sink_flush(void *ctx, struct buf *out, struct err *e);
/* rc: of what was written; a file that is not complete is not left. Returns an exit code, after a complaint where something failed. */
int sink_close(struct sink *sink, int rc, struct err *e);

/* Write all of out there. Returns an exit code, after a complaint. */
int sink_put(const struct options *options, struct buf *out);

#endif
