/* SPDX-License-Identifier: MIT */
/*
 * A file that is there as a whole or not at all: what is written has no name until it is
 * complete, and takes the place of what had the name before. What is no regular file (a
 * terminal, a pipe, /dev/null) is written as it is.
 */
#ifndef BASE_OUTFILE_H
#define BASE_OUTFILE_H

#include "base/err.h"

struct outfile {
	int fd; /* to write to; -1: it is not open */
	const char *path;
	char *target; /* where links lead to; NULL: it is written as it is */
	char *temporary;
	unsigned mode;
};

/* path outlives the file. A new file is its user's alone; one that is there keeps its mode.
 * Links are followed, but not one that another user has put there. */
int outfile_open(struct outfile *file, const char *path, struct err *e);
/* Give it the name, if rc is 0, else forget what was written. Returns rc or the error. */
int outfile_close(struct outfile *file, int rc, struct err *e);
/* Whether a link of this name was made by somebody else than root and our user, in a folder
 * in which others can make them. */
int outfile_check_link(const char *path, struct err *e);

#endif
