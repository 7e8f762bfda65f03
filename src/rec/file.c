/* SPDX-License-Identifier: MIT */
/* The file is only appended to, so the data on disk remains readable whatever happens to
 * the writer. */
#include "rec/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fdio.h"
#include "base/outfile.h"

#define REC_BEGIN "{\"grmon\""

static bool is_stdout(const struct rec_file *file)
{
	return strcmp(file->path, "-") == 0;
}

/* Returns whether the file begins like a recording, or is a shorter prefix of one. */
static bool is_recording(int fd)
{
	char begin[sizeof(REC_BEGIN) - 1];
	ssize_t got = pread(fd, begin, sizeof(begin), 0);

	return got > 0 && memcmp(begin, REC_BEGIN, (size_t)got) == 0;
}

int rec_file_open(struct rec_file *file, struct err *e)
{
	struct stat status;
	char last = '\n';

	file->bytes = 0;
	file->begin_ns = clock_mono_ns();
	if (is_stdout(file)) {
		file->fd = STDOUT_FILENO;
		return 0;
	}
	if (outfile_check_link(file->path, e) != 0)
		return e ? e->code : ERR_PERM;
	file->fd = open(file->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (file->fd < 0 || fstat(file->fd, &status) != 0)
		return err_sys(e, errno, "cannot write %s", file->path);
	if (S_ISREG(status.st_mode) && status.st_size > 0) {
		file->bytes = status.st_size;
		if (!is_recording(file->fd)) {
			close(file->fd);
			file->fd = -1;
			return err_set(e, ERR_FORMAT,
				       "%s exists and is not a recording, so nothing "
				       "is appended to it; use another name",
				       file->path);
		}
		if (pread(file->fd, &last, 1, status.st_size - 1) == 1 && last != '\n')
			return fdio_write_all(file->fd, "\n", 1, e);
	}
	return 0;
}

static size_t longest_line(const struct buf *lines)
{
	const char *at = lines->bytes, *end = lines->bytes + lines->length;
	size_t longest = 0;

	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t length = (size_t)((stop ? stop : end) - at);

		longest = length > longest ? length : longest;
		at += length + 1;
	}
	return longest;
}

int rec_file_write(struct rec_file *file, struct buf *lines, struct err *e)
{
	int64_t length = (int64_t)lines->length;
	int rc;

	if (lines->failed)
		return err_set(e, ERR_NOMEM, "no memory for the recording");
	if (lines->length > REC_LINE_MAX_BYTES &&
	    longest_line(lines) > REC_LINE_MAX_BYTES) {
		size_t megabytes = lines->length >> 20;

		buf_clear(lines);
		return err_set(
			e, ERR_UNSUPPORTED,
			"a sample of %zu MB is too large for a recording, which "
			"takes %u MB: the target has too many tasks; 'grmon-c dump' "
			"writes one look at them",
			megabytes, REC_LINE_MAX_BYTES >> 20);
	}
	rc = fdio_write_all(file->fd, lines->bytes, lines->length, e);
	buf_clear(lines);
	if (rc != 0) {
		int number = e->sys;

		/* Terminates an incomplete line, now or before the next one. */
		buf_puts(lines, "\n");
		return err_sys(e, number, "cannot write %s", file->path);
	}
	file->bytes += length;
	return 0;
}

static const char *numbered(const struct rec_file *file, int number, char name[4200])
{
	if (number == 0)
		snprintf(name, 4200, "%.4096s", file->path);
	else
		snprintf(name, 4200, "%.4096s.%d", file->path, number);
	return name;
}

/* Returns the first number without a file. A recorder that was killed while renaming
 * leaves such a gap, which the next rotation closes. */
static int free_number(const struct rec_file *file)
{
	char name[4200];
	int number = 1;

	while (number < file->keep && access(numbered(file, number, name), F_OK) == 0)
		number++;
	return file->keep > 0 ? number : 0;
}

int rec_file_rotate(struct rec_file *file, bool *rotated, struct err *e)
{
	char from[4200], to[4200];

	*rotated = false;
	if (is_stdout(file) || file->bytes == 0 ||
	    !((file->rotate_bytes > 0 && file->bytes >= file->rotate_bytes) ||
	      (file->rotate_ns > 0 &&
	       clock_mono_ns() - file->begin_ns >= file->rotate_ns)))
		return 0;
	for (int i = free_number(file); i > 0; i--)
		if (rename(numbered(file, i - 1, from), numbered(file, i, to)) != 0 &&
		    errno != ENOENT)
			return err_sys(e, errno, "cannot rename %s", from);
	if (file->keep == 0)
		unlink(file->path);
	close(file->fd);
	*rotated = true;
	return rec_file_open(file, e);
}

int rec_file_close(struct rec_file *file, struct err *e)
{
	int rc = 0;

	if (file->fd >= 0 && !is_stdout(file) && close(file->fd) != 0)
		rc = err_sys(e, errno, "cannot write %s", file->path);
	file->fd = -1;
	return rc;
}
