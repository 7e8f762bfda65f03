/* SPDX-License-Identifier: MIT */
/* Reads and writes that handle EINTR and short counts, and stop at a limit. */
#include "base/fdio.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static ssize_t fdio_read_some(int fd, void *out, size_t size)
{
	ssize_t got;

	do
		got = read(fd, out, size);
	while (got < 0 && errno == EINTR);
	return got;
}

int fdio_read_all(int fd, struct buf *out, size_t max_bytes, struct err *e)
{
	char chunk[16384];
	size_t total = 0;
	ssize_t got;

	while ((got = fdio_read_some(fd, chunk, sizeof(chunk))) > 0) {
		if ((size_t)got > max_bytes - total)
			return err_set(e, ERR_FORMAT,
				       "larger than the limit of %zu bytes", max_bytes);
		total += (size_t)got;
		buf_append(out, chunk, (size_t)got);
		if (out->failed)
			return err_set(e, ERR_NOMEM, "no memory for %zu bytes", total);
	}
	if (got < 0)
		return err_sys(e, errno, "cannot read");
	return 0;
}

int fdio_read_file(const char *path, struct buf *out, size_t max_bytes, struct err *e)
{
	struct err inner;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat status;
	int rc;

	if (fd < 0)
		return errno == ENOENT
			       ? err_set(e, ERR_NOTFOUND, "%s does not exist", path)
			       : err_sys(e, errno, "cannot open %s", path);
	/* Opening a pipe would block its reader, and a device may have side effects. */
	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
		close(fd);
		return err_set(e, ERR_UNSUPPORTED, "%s is %s, not a file", path,
			       S_ISDIR(status.st_mode)    ? "a directory"
			       : S_ISFIFO(status.st_mode) ? "a pipe"
							  : "a device");
	}
	rc = fdio_read_all(fd, out, max_bytes, &inner);
	close(fd);
	if (rc < 0) {
		err_set(e, rc, "%s: %s", path, inner.text);
		if (e)
			e->sys = inner.sys;
	}
	return rc;
}

ssize_t fdio_read_small(int dirfd, const char *path, char *out, size_t size)
{
	int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	size_t length = 0;
	ssize_t got = 0;

	if (fd < 0)
		return -errno;
	while (length + 1 < size &&
	       (got = fdio_read_some(fd, out + length, size - 1 - length)) > 0)
		length += (size_t)got;
	if (got < 0)
		got = -errno;
	close(fd);
	if (got < 0)
		return got;
	if (size > 0)
		out[length] = '\0';
	return (ssize_t)length;
}

/* A single pread(): at offset 0 the kernel generates the contents of a /proc file again,
 * in one piece if they fit. */
ssize_t fdio_pread_small(int fd, char *out, size_t size)
{
	ssize_t got;

	if (size == 0)
		return -EINVAL;
	do
		got = pread(fd, out, size - 1, 0);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	out[got] = '\0';
	return got;
}

int fdio_write_all(int fd, const void *bytes, size_t length, struct err *e)
{
	const char *at = bytes;

	while (length > 0) {
		ssize_t put = write(fd, at, length);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return err_sys(e, errno, "cannot write");
		at += put;
		length -= (size_t)put;
	}
	return 0;
}

/* The rename is only durable once the directory has been synced; otherwise a crash could
 * undo it. */
static void fdio_sync_folder(char *path)
{
	char *slash = strrchr(path, '/');
	int fd;

	if (slash == path)
		slash++;
	if (slash)
		*slash = '\0';
	fd = open(slash ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

int fdio_replace_file(const char *path, const void *bytes, size_t length, struct err *e)
{
	/* If path is a symbolic link, the file that it points to is replaced and the link
	 * is kept. */
	char *real = realpath(path, NULL);
	const char *final = real ? real : path;
	char temporary[PATH_MAX];
	struct err inner;
	int fd, rc;

	if (snprintf(temporary, sizeof(temporary), "%s.XXXXXX", final) >=
	    (int)sizeof(temporary)) {
		free(real);
		return err_sys(e, ENAMETOOLONG, "cannot write %s", path);
	}
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0) {
		rc = err_sys(e, errno, "cannot write %s", path);
		free(real);
		return rc;
	}
	rc = fdio_write_all(fd, bytes, length, &inner);
	if (rc == 0 && fsync(fd) != 0)
		rc = err_sys(&inner, errno, "cannot write");
	if (close(fd) != 0 && rc == 0)
		rc = err_sys(&inner, errno, "cannot write");
	if (rc == 0 && rename(temporary, final) != 0)
		rc = err_sys(&inner, errno, "cannot rename");
	if (rc < 0) {
		unlink(temporary);
		rc = err_sys(e, inner.sys, "cannot write %s", path);
	} else {
		fdio_sync_folder(temporary);
	}
	free(real);
	return rc;
}
