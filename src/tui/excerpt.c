/* SPDX-License-Identifier: MIT */
/* Reads only regular files of limited size. Tabs become spaces; all other special
 * characters are escaped when they are drawn. */
#include "tui/excerpt.h"

#include <string.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/target_file.h"

#define FILE_BYTES_MAX (8u << 20)
#define TAB_CELLS      8

/* Closes the file. */
static int read_source(bool opened, const struct target_file *file, struct buf *out)
{
	int rc = -1;

	if (!opened)
		return -1;
	if (file->st.st_size > 0 && file->st.st_size <= (off_t)FILE_BYTES_MAX)
		rc = fdio_read_all(file->fd, out, FILE_BYTES_MAX, NULL);
	close(file->fd);
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

static int read_there(pid_t pid, const char *name, struct buf *out)
{
	struct target_file file;

	if (pid <= 0)
		return -1;
	return read_source(name[0] == '/' ? target_file_open(&file, pid, name)
					  : target_file_open_cwd(&file, pid, name),
			   &file, out);
}

/* Looks for the file first on this machine (a relative name starts at the working
 * directory of grmon-c), then in the target's mount namespace. For a container, the order
 * is reversed. */
static int find_source(pid_t pid, const char *name, struct buf *out)
{
	struct target_file file;
	bool elsewhere = pid > 0 && target_file_is_elsewhere(pid);

	if (elsewhere && read_there(pid, name, out) == 0)
		return 0;
	if (read_source(target_file_open_here(&file, name), &file, out) == 0)
		return 0;
	return elsewhere ? -1 : read_there(pid, name, out);
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
	if (!file || line <= 0)
		return;
	buf_init(&buf, FILE_BYTES_MAX + 1);
	if (find_source(pid, file, &buf) != 0 || buf.length == 0)
		goto out;
	excerpt->first = line > EXCERPT_LINES_MAX / 2 ? line - EXCERPT_LINES_MAX / 2 : 1;
	at = buf.bytes;
	end = buf.bytes + buf.length;
	while (at < end && excerpt->count < EXCERPT_LINES_MAX) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *stop = newline ? newline : end;

		if (number++ >= excerpt->first)
			copy_line(excerpt->lines[excerpt->count++], at, stop);
		at = newline ? newline + 1 : end;
	}
	if (excerpt->first + (int)excerpt->count <=
	    line) /* the file does not match the program */
		excerpt->count = 0;
out:
	buf_release(&buf);
}
