/* SPDX-License-Identifier: MIT */
/* Messages on stderr, the terminal, and writing to descriptors. */
#include "cli/cli.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/fdio.h"
#include "core/settings.h"
#include "out/escape.h"

void cli_complain(const char *format, ...)
{
	char text[1024];
	struct buf out;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	buf_init(&out, 0);
	buf_puts(&out, "grmon-c: ");
	/* Sources build messages of several lines; keep their line breaks. */
	for (char *line = text; line;) {
		char *end = strchr(line, '\n');

		if (end)
			*end = '\0';
		escape_text(&out, line, 0, false);
		line = end ? end + 1 : NULL;
		if (line)
			buf_puts(&out, "\n");
	}
	if (out.length > 0 && !strchr(".!?", out.bytes[out.length - 1]))
		buf_puts(&out, ".");
	buf_puts(&out, "\n");
	if (!out.failed)
		fdio_write_all(STDERR_FILENO, out.bytes, out.length, NULL);
	buf_release(&out);
}

void cli_complain_at(const char *what, const char *text, const struct err *e)
{
	size_t at = e->at < 0 ? 0 : (size_t)e->at;
	char before[SETTINGS_STUCK_MAX + QUERY_TEXT_MAX];
	struct buf out;

	cli_complain("%s: %s", what, e->text);
	if (e->at < 0 || at > strlen(text) || at >= sizeof(before))
		return;
	memcpy(before, text, at);
	before[at] = '\0';
	buf_init(&out, 0);
	buf_puts(&out, "  ");
	escape_text(&out, text, 0, false);
	buf_printf(&out, "\n  %*s^\n", (int)escape_cells(before, false), "");
	if (!out.failed)
		fdio_write_all(STDERR_FILENO, out.bytes, out.length, NULL);
	buf_release(&out);
}

int cli_exit_of(const struct err *e)
{
	return e->code == ERR_GONE ? CLI_ENDED : CLI_UNWATCHABLE;
}

bool cli_has_terminal(void)
{
	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

int cli_width(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO))
		return 0;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
		return 80;
	return size.ws_col;
}

int cli_write(int fd, const char *path, struct buf *out, struct err *e)
{
	int rc;

	if (out->failed)
		return err_set(e, ERR_NOMEM, "out of memory for the output");
	if (out->length == 0)
		return 0;
	rc = fdio_write_all(fd, out->bytes, out->length, e);
	buf_clear(out);
	if (rc == 0)
		return 0;
	if (e->sys == EPIPE) {
		/* The reader has closed the pipe: end as a program that does not handle
		 * SIGPIPE. */
		signal(SIGPIPE, SIG_DFL);
		raise(SIGPIPE);
	}
	if (e->sys == EBADF)
		return err_set(
			e, ERR_SYS,
			"%s is closed, so nothing can be written to it; redirect it "
			"to a file or to /dev/null",
			path);
	return err_sys(e, e->sys, "cannot write %s", path);
}
