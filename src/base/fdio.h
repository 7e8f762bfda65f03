/* SPDX-License-Identifier: MIT */
/* File descriptors: EINTR-safe, bounded, close-on-exec. */
#ifndef BASE_FDIO_H
#define BASE_FDIO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* Append everything up to end of file, at most max_bytes (then ERR_FORMAT). */
int fdio_read_all(int fd, struct buf *out, size_t max_bytes, struct err *e);
/* Open, append, close. Only of a regular file, /proc included: nothing is waited for. */
int fdio_read_file(const char *path, struct buf *out, size_t max_bytes, struct err *e);
/* Read a small file such as one of /proc into out, NUL-terminated. Returns its length (cut
 * at size - 1) or -errno. */
ssize_t fdio_read_small(int dirfd, const char *path, char *out, size_t size);
/* The same by pread at offset 0 of a file that is kept open. */
ssize_t fdio_pread_small(int fd, char *out, size_t size);
int fdio_write_all(int fd, const void *bytes, size_t length, struct err *e);
/* Replace path: a temporary file beside it, fsync, rename; mode 0600. */
int fdio_replace_file(const char *path, const void *bytes, size_t length, struct err *e);

#endif
