/* SPDX-License-Identifier: MIT */
/* Functions for file descriptors. They handle EINTR, are bounded, and open with
 * close-on-exec. */
#ifndef BASE_FDIO_H
#define BASE_FDIO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* Append everything up to the end of the file. Returns ERR_FORMAT if that is more than
 * max_bytes. */
int fdio_read_all(int fd, struct buf *out, size_t max_bytes, struct err *e);
/* Open the file, append its contents and close it. Only accepts regular files, including
 * those of /proc, so it never blocks. */
int fdio_read_file(const char *path, struct buf *out, size_t max_bytes, struct err *e);
/* Read a small file, such as one in /proc, into out and terminate it with a NUL. Returns
 * the length, which is at most size - 1 because longer contents are cut, or -errno. */
ssize_t fdio_read_small(int dirfd, const char *path, char *out, size_t size);
/* Does the same with pread() at offset 0 of a file that stays open. */
ssize_t fdio_pread_small(int fd, char *out, size_t size);
int fdio_write_all(int fd, const void *bytes, size_t length, struct err *e);
/* Replace the file at path: write a temporary file beside it, fsync and rename it. The
 * mode is 0600. */
int fdio_replace_file(const char *path, const void *bytes, size_t length, struct err *e);

#endif
