/* SPDX-License-Identifier: MIT */
/* A recorder renames its file and begins a new one. Files are identified by their inodes,
 * so that a reader that follows the recording notices this and does not miss a file. */
#include "rec/index.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/text.h"
#include "rec/file.h"

#define INDEX_MAX     (16u << 20)
#define CHUNK_BYTES   (64u << 10)
#define CHUNKS_A_POLL 1024
/* Maximum size of a pipe's copy, in the directory for temporary files. */
#define SPOOL_MAX     (8ll << 30)
#define PARTS_OPEN    256u
#define PARTS_MAX     UINT16_MAX

void rec_index_release(struct rec_index *index)
{
	for (size_t i = 0; i < index->nr_parts; i++)
		if (index->parts[i].fd >= 0)
			close(index->parts[i].fd);
	if (index->input >= 0)
		close(index->input);
	free(index->parts);
	free(index->entries);
	free(index->chunk);
	free(index->path);
}

static int index_init(struct rec_index *index, struct err *e)
{
	memset(index, 0, sizeof(*index));
	index->input = -1;
	index->chunk = malloc(CHUNK_BYTES);
	return index->chunk
		       ? 0
		       : err_set(e, ERR_NOMEM, "no memory for reading the recording");
}

/* From here on, lines belong to this file. The oldest descriptors are closed first. */
static int add_part(struct rec_index *index, int fd, const struct stat *status,
		    struct err *e)
{
	if (!array_reserve(&index->parts, &index->cap_parts, index->nr_parts + 1))
		return err_set(e, ERR_NOMEM, "no memory for the recording");
	if (index->nr_parts - index->nr_closed >= PARTS_OPEN) {
		struct rec_part *oldest = &index->parts[index->nr_closed++];

		close(oldest->fd);
		oldest->fd = -1;
	}
	index->parts[index->nr_parts++] =
		(struct rec_part){fd, status->st_dev, status->st_ino};
	index->scanned = index->line_begin = 0;
	index->begin_bytes = 0;
	return 0;
}

static int open_spool(struct err *e)
{
	const char *folder = getenv("TMPDIR");
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/grmon-c-XXXXXX",
		 folder && *folder ? folder : "/tmp");
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		err_sys(e, errno, "cannot write %s, which holds the data from the pipe",
			path);
	else
		unlink(path);
	return fd;
}

int rec_index_open_fd(struct rec_index *index, int fd, struct err *e)
{
	struct stat status = {0};
	int rc = index_init(index, e), own;

	if (rc != 0)
		return rc;
	own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (own < 0)
		return err_sys(e, errno, "cannot read the recording");
	if (fstat(own, &status) != 0 || !S_ISREG(status.st_mode)) {
		index->input = own;
		own = open_spool(e);
		if (own < 0)
			return e ? e->code : ERR_SYS;
	}
	rc = add_part(index, own, &status, e);
	if (rc != 0)
		close(own);
	return rc;
}

/* If its first line is damaged, another one follows soon. */
static bool is_stream(int fd)
{
	char head[4096];
	ssize_t got = pread(fd, head, sizeof(head), 0);

	return got == 0 || (got > 8 && (memcmp(head, "{\"grmon\"", 8) == 0 ||
					memmem(head, (size_t)got, "\n{\"grmon\": ", 11)));
}

/* Opens PATH or PATH.number. Returns -1 if it does not exist or is not part of the
 * recording. */
static int open_number(const char *path, unsigned number, struct stat *status)
{
	char name[4200];
	int fd;

	if (number == 0)
		snprintf(name, sizeof(name), "%.4096s", path);
	else
		snprintf(name, sizeof(name), "%.4096s.%u", path, number);
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return -1;
	if (fstat(fd, status) == 0 && S_ISREG(status->st_mode) &&
	    (number == 0 || is_stream(fd)))
		return fd;
	close(fd);
	errno = EINVAL;
	return -1;
}

static int read_part(struct rec_index *index, struct err *e);

/* Opens files from the newest to the first one that is known. They may be renamed at the
 * same time, but only to higher numbers, so a file may be seen twice and none is missed.
 * While they are being renamed, or if that was interrupted, one number is missing. */
static int add_newer(struct rec_index *index, struct err *e)
{
	int fds[PARTS_OPEN], rc = 0;
	struct stat found[PARTS_OPEN];
	unsigned count = 0;
	bool gap = false;

	for (unsigned number = 0; count < PARTS_OPEN; number++) {
		const struct rec_part *last =
			index->nr_parts > 0 ? &index->parts[index->nr_parts - 1] : NULL;
		struct stat *status = &found[count];
		int fd = open_number(index->path, number, status);
		bool again;

		/* The file itself may not exist yet after a rotation, or may be empty. */
		if (fd < 0 && errno == ENOENT && number == 0)
			continue;
		if (fd < 0 && errno == ENOENT && !gap) {
			gap = true;
			continue;
		}
		if (fd < 0)
			break;
		again = count > 0 && status->st_ino == status[-1].st_ino;
		fds[count] = fd;
		if (last && status->st_ino == last->inode &&
		    status->st_dev == last->device) {
			close(fd);
			break;
		}
		if (again)
			close(fd);
		else
			count++;
	}
	while (count-- > 0) {
		if (rc == 0 && index->nr_parts < PARTS_MAX)
			rc = add_part(index, fds[count], &found[count], e);
		else
			close(fds[count]);
		if (rc == 0)
			rc = read_part(index, e);
	}
	return rc;
}

int rec_index_open_path(struct rec_index *index, const char *path, struct err *e)
{
	int rc = index_init(index, e);

	if (rc != 0)
		return rc;
	index->path = strdup(path);
	if (!index->path)
		return err_set(e, ERR_NOMEM, "no memory for the recording");
	rc = add_newer(index, e);
	if (rc == 0 && index->nr_parts == 0)
		rc = err_sys(e, errno ? errno : ENOENT, "cannot read %s", path);
	return rc;
}

static int take_pipe(struct rec_index *index, struct err *e)
{
	struct pollfd input = {.fd = index->input, .events = POLLIN};

	/* At most 64 MB per call, so that a writer that never pauses cannot block the
	 * view. */
	for (int i = 0; i < CHUNKS_A_POLL && index->input >= 0 && poll(&input, 1, 0) > 0;
	     i++) {
		ssize_t got = read(index->input, index->chunk, CHUNK_BYTES), put = 0;

		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got <= 0) {
			close(index->input);
			index->input = -1;
			break;
		}
		while (put < got) {
			ssize_t n = pwrite(index->parts[0].fd, index->chunk + put,
					   (size_t)(got - put), index->spooled);

			if (n < 0 && errno == EINTR)
				continue;
			if (n < 0 || index->spooled > SPOOL_MAX)
				return err_sys(e, n < 0 ? errno : EFBIG,
					       "cannot store the data from the pipe");
			put += n;
			index->spooled += n;
		}
	}
	return 0;
}

static bool is_line(const char *begin)
{
	return strstr(begin, "\"stream\": ") || strstr(begin, "\"clock_ns\"");
}

static void add_entry(struct rec_index *index, int64_t bytes)
{
	const char *begin = index->begin;

	/* The next recorder terminates an incomplete line of a killed one; such a line
	 * may be blank. */
	if (bytes == 0)
		return;
	/* Samples begin as the writer writes them. No other line is a sample. */
	if (bytes > (int64_t)REC_LINE_MAX_BYTES || index->begin_bytes < 16 ||
	    !text_starts_with(begin, "{\"grmon\"") || !is_line(begin)) {
		if (index->nr_foreign++ == 0)
			index->foreign_at = index->line_begin;
		return;
	}
	if (strstr(begin, "\"stream\": ") || index->nr_entries == INDEX_MAX)
		return;
	if (!array_reserve(&index->entries, &index->cap_entries, index->nr_entries + 1))
		return;
	index->entries[index->nr_entries++] = (struct rec_entry){
		.offset = index->line_begin,
		.bytes = (uint32_t)bytes,
		.part = (uint16_t)(index->nr_parts - 1),
		.key = strstr(begin, "\"key\": true") != NULL,
	};
}

static void index_lines(struct rec_index *index, const char *bytes, size_t length)
{
	const char *end = bytes + length;

	while (bytes < end) {
		const char *line_end = memchr(bytes, '\n', (size_t)(end - bytes));
		const char *stop = line_end ? line_end : end;
		size_t room = REC_BEGIN_BYTES - 1 - index->begin_bytes;

		if (room > (size_t)(stop - bytes))
			room = (size_t)(stop - bytes);
		memcpy(index->begin + index->begin_bytes, bytes, room);
		index->begin_bytes += room;
		index->begin[index->begin_bytes] = '\0';
		index->scanned += stop - bytes;
		bytes = stop;
		if (!line_end)
			break;
		add_entry(index, index->scanned - index->line_begin);
		bytes++;
		index->scanned++;
		index->line_begin = index->scanned;
		index->begin_bytes = 0;
	}
}

static int read_part(struct rec_index *index, struct err *e)
{
	int fd = index->parts[index->nr_parts - 1].fd;

	for (;;) {
		ssize_t got = pread(fd, index->chunk, CHUNK_BYTES, index->scanned);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_sys(e, errno, "cannot read the recording");
		if (got == 0)
			return 0;
		index_lines(index, index->chunk, (size_t)got);
	}
}

static bool has_turned(const struct rec_index *index)
{
	const struct rec_part *last = &index->parts[index->nr_parts - 1];
	struct stat status;

	return index->path && stat(index->path, &status) == 0 &&
	       (status.st_ino != last->inode || status.st_dev != last->device);
}

int rec_index_poll(struct rec_index *index, struct err *e)
{
	int rc = index->input >= 0 ? take_pipe(index, e) : 0;
	bool turned = has_turned(index);

	/* Everything that was written before the file was renamed can be read by now. */
	if (rc == 0)
		rc = read_part(index, e);
	if (rc == 0 && turned)
		rc = add_newer(index, e);
	return rc;
}

char *rec_index_load(const struct rec_index *index, const struct rec_entry *entry,
		     size_t *length)
{
	int fd = index->parts[entry->part].fd;
	char *bytes = fd >= 0 ? malloc(entry->bytes + 1u) : NULL;

	*length = 0;
	while (bytes && *length < entry->bytes) {
		ssize_t got = pread(fd, bytes + *length, entry->bytes - *length,
				    entry->offset + (int64_t)*length);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		*length += (size_t)got;
	}
	return bytes;
}

int64_t rec_index_time(const struct rec_index *index, size_t at)
{
	struct rec_entry entry = index->entries[at];
	const char *found;
	size_t length;
	char *begin;
	int64_t real_ns;

	if (entry.bytes > REC_BEGIN_BYTES)
		entry.bytes = REC_BEGIN_BYTES;
	begin = rec_index_load(index, &entry, &length);
	if (!begin)
		return 0;
	begin[length] = '\0';
	found = strstr(begin, "\"real_ns\": ");
	real_ns = found ? strtoll(found + strlen("\"real_ns\": "), NULL, 10) : 0;
	free(begin);
	return real_ns > 0 ? real_ns : 0;
}

size_t rec_index_find(const struct rec_index *index, int64_t real_ns)
{
	size_t low = 0, high = index->nr_entries;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (rec_index_time(index, middle) <= real_ns)
			low = middle;
		else
			high = middle;
	}
	return low;
}
