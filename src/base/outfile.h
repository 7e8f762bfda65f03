/* SPDX-License-Identifier: MIT */
/*
 * Output file that appears either complete or not at all. It has no name while it is
 * written, and then replaces the previous file of that name. If the path is not a regular
 * file (a terminal, a pipe, /dev/null), the output is written to it directly.
 */
#ifndef BASE_OUTFILE_H
#define BASE_OUTFILE_H

#include "base/err.h"

struct outfile {
	int fd; /* descriptor to write to, or -1 if it is not open */
	const char *path;
	char *target; /* the path with links resolved; NULL if it is written directly */
	char *temporary;
	unsigned mode;
};

/* `path` must outlive the file. A new file is accessible to its owner only; an existing
 * file keeps its mode. Links are followed, except those that another user has created. */
int outfile_open(struct outfile *file, const char *path, struct err *e);
/* If rc is 0, give the file its name, otherwise discard what was written. Returns rc or
 * the error. */
int outfile_close(struct outfile *file, int rc, struct err *e);
/* Returns an error if path is a link that a user other than root and the caller's has
 * created, in a directory where other users can create files. */
int outfile_check_link(const char *path, struct err *e);

#endif
