/* SPDX-License-Identifier: MIT */
/* The output of a command. */
#include "cli/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

int sink_open(const struct options *options, struct sink *sink, int *width, struct err *e)
{
	const char *path = options->value[OPTION_OUTPUT];

	*sink = (struct sink){STDOUT_FILENO, "the standard output", {.fd = -1}};
	*width = 0;
	if (!path || strcmp(path, "-") == 0) {
		*width = cli_width();
		return 0;
	}
	sink->path = path;
	/* The file may contain private data of the target, so only the user may read it,
	 * as with recordings. */
	if (outfile_open(&sink->file, path, e) != 0)
		return e->code;
	sink->fd = sink->file.fd;
	return 0;
}

int sink_flush(void *ctx, struct buf *out, struct err *e)
{
	const struct sink *sink = ctx;

	return cli_write(sink->fd, sink->path, out, e);
}

int sink_close(struct sink *sink, int rc, struct err *e)
{
	if (sink->fd == STDOUT_FILENO && close(STDOUT_FILENO) != 0 && rc == 0)
		rc = err_sys(e, errno, "cannot write %s", sink->path);
	rc = outfile_close(&sink->file, rc, e);
	if (rc == 0)
		return CLI_FINE;
	cli_complain("%s", e->text);
	return CLI_USAGE;
}

int sink_put(const struct options *options, struct buf *out)
{
	struct sink sink;
	struct err e = {0};
	int width, rc = sink_open(options, &sink, &width, &e);

	if (rc == 0)
		rc = sink_flush(&sink, out, &e);
	return sink_close(&sink, rc, &e);
}
