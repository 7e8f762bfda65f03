/* SPDX-License-Identifier: MIT */
/* Tabs become spaces; all other special characters are escaped when they are drawn. */
#include "core/excerpt.h"

#include <string.h>

#define FILE_BYTES_MAX ((8u << 20) + 1)
#define TAB_CELLS      8

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

void excerpt_load(struct excerpt *excerpt, excerpt_read *read, pid_t pid,
		  const char *file, int line)
{
	struct buf buf;
	const char *at, *end;
	int number = 1;

	if (excerpt->file == file && excerpt->line == line && excerpt->pid == pid)
		return;
	memset(excerpt, 0, sizeof(*excerpt));
	excerpt->pid = pid;
	excerpt->file = file;
	excerpt->line = line;
	if (!read || !file || line <= 0)
		return;
	buf_init(&buf, FILE_BYTES_MAX);
	if (read(pid, file, &buf) != 0 || buf.length == 0)
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
