/* SPDX-License-Identifier: MIT */
/* Opens without blocking and reads regular files of a sane size only. Tabs become spaces;
 * everything else is escaped when it is drawn. */
#include "tui/excerpt.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fdio.h"

#define FILE_BYTES_MAX (8u << 20)
#define TAB_CELLS      8

static int read_source(int folder, const char *path, struct buf *out)
{
	int fd = openat(folder, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;
	int rc = -1;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
	    st.st_size <= (off_t)FILE_BYTES_MAX)
		rc = fdio_read_all(fd, out, FILE_BYTES_MAX, NULL);
	close(fd);
	return rc;
}

static void copy_line(char *out, const char *from, const char *end)
{
	size_t n = 0;

	while (from < end && n + 1 < EXCERPT_TEXT_MAX) {
		if (*from == '\t') {
			do
				out[n++] = ' ';
			while (n % TAB_CELLS != 0 && n + 1 < EXCERPT_TEXT_MAX);
		} else if (*from != '\r' && *from != '\0') {
			out[n++] = *from;
		}
		from++;
	}
	out[n] = '\0';
}

/* A relative name is looked for where grmon-c was started, then where the target runs. */
static int find_source(pid_t pid, const char *file, struct buf *out)
{
	char path[64];
	int folder, rc;

	if (read_source(AT_FDCWD, file, out) == 0)
		return 0;
	if (file[0] == '/' || pid <= 0)
		return -1;
	snprintf(path, sizeof(path), "/proc/%d/cwd", (int)pid);
	folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return -1;
	rc = read_source(folder, file, out);
	close(folder);
	return rc;
}

void excerpt_load(struct excerpt *excerpt, pid_t pid, const char *file, int line)
{
	struct buf buf;
	const char *at, *end;
	int number = 1;

	if (excerpt->file == file && excerpt->line == line)
		return;
	memset(excerpt, 0, sizeof(*excerpt));
	excerpt->file = file;
	excerpt->line = line;
	if (file == NULL || line <= 0)
		return;
	buf_init(&buf, FILE_BYTES_MAX + 1);
	if (find_source(pid, file, &buf) != 0 || buf.length == 0)
		goto out;
	excerpt->first = line > EXCERPT_LINES_MAX / 2 ? line - EXCERPT_LINES_MAX / 2 : 1;
	at = buf.bytes;
	end = buf.bytes + buf.length;
	while (at < end && excerpt->count < EXCERPT_LINES_MAX) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *stop = newline != NULL ? newline : end;

		if (number++ >= excerpt->first)
			copy_line(excerpt->lines[excerpt->count++], at, stop);
		at = newline != NULL ? newline + 1 : end;
	}
	if (excerpt->first + (int)excerpt->count <=
	    line) /* the file is another version */
		excerpt->count = 0;
out:
	buf_release(&buf);
}
