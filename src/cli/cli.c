/* SPDX-License-Identifier: MIT */
/* Complaints, the terminal, TARGET. */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/suggest.h"
#include "out/escape.h"
#include "source/pprof_http.h"
#include "source/processes.h"
#include "source/source_sniff.h"

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
	/* Lists of several lines are made by the sources; their line breaks stay. */
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
		return err_set(e, ERR_NOMEM, "there is no memory for the output");
	if (out->length == 0)
		return 0;
	rc = fdio_write_all(fd, out->bytes, out->length, e);
	buf_clear(out);
	if (rc == 0)
		return 0;
	if (e->sys == EPIPE) {
		/* Whoever read it has seen enough: end as a program that never asked. */
		signal(SIGPIPE, SIG_DFL);
		raise(SIGPIPE);
	}
	return err_sys(e, e->sys, "cannot write %s", path);
}

static const char *file_problem(const char *path)
{
	return access(path, R_OK) != 0
		       ? "this user may not read the file"
		       : "the file is no recording, no dump and no list of goroutines; "
			 "give a pid or a process name, or start it with 'grmon-c run'";
}

const char *cli_foreign_target(const char *text)
{
	if (strstr(text, "://"))
		return "only http://, https:// and unix:/ can be watched";
	return strchr(text, '/') && access(text, F_OK) == 0 ? file_problem(text) : NULL;
}

const char *cli_other_target(const struct options *options)
{
	const char *text = options->nr_words > 0 ? options->words[0] : NULL;
	enum sniff sniff;
	pid_t pid;

	if (!text || options->pid > 0)
		return NULL;
	if (pprof_http_is_url(text) || strcmp(text, "-") == 0)
		return text;
	/* Go's grmon has its agent there. */
	if (strcmp(text, "grmon") == 0 &&
	    source_resolve(text, false, &pid, NULL) == ERR_NOTFOUND)
		return "http://localhost:1234";
	if (text[strspn(text, "0123456789")] == '\0' || access(text, R_OK) != 0)
		return NULL;
	sniff = source_sniff_file(text, NULL);
	return sniff != SNIFF_UNKNOWN ? text : NULL;
}

int cli_take_stdin(void)
{
	int input = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3), terminal;

	terminal = open("/dev/tty", O_RDWR | O_CLOEXEC);
	if (terminal >= 0) {
		dup2(terminal, STDIN_FILENO);
		close(terminal);
	}
	return input;
}

/* A single word may have been meant as a command. */
static void complain_of_target(const struct options *options, const char *text,
			       const struct err *e)
{
	struct suggest suggest;

	suggest_init(&suggest, text, strlen(text));
	for (int i = 0; i < COMMAND_COUNT; i++)
		suggest_offer(&suggest, command_table[i].name);
	if (e->code == ERR_NOTFOUND && suggest.best && suggest.distance > 0 &&
	    !options->command_named)
		cli_complain("%s; or did you mean 'grmon-c %s'?", e->text, suggest.best);
	else
		cli_complain("%s", e->text);
}

int cli_resolve(const struct options *options, pid_t *pid)
{
	const char *text = options->nr_words > 0 ? options->words[0] : NULL;
	struct err e = {0};
	const char *foreign;

	if (options->pid > 0) {
		text = options->value[OPTION_PID];
	} else if (!text) {
		cli_complain("'grmon-c %s' needs TARGET, a pid or a process name%s; "
			     "'grmon-c ls' lists them",
			     command_table[options->command].name,
			     options->command == COMMAND_CHECK ? ", or a command after --"
							       : "");
		return CLI_USAGE;
	}
	foreign = cli_foreign_target(text);
	if (foreign) {
		cli_complain("'%s': %s", text, foreign);
		return CLI_UNWATCHABLE;
	}
	if (source_resolve(text, options->pid > 0, pid, &e) == 0)
		return CLI_FINE;
	if (e.code == ERR_NOTFOUND && options->pid == 0 && access(text, F_OK) == 0)
		cli_complain("'%s': %s", text, file_problem(text));
	else
		complain_of_target(options, text, &e);
	return CLI_UNWATCHABLE;
}
