/* SPDX-License-Identifier: MIT */
/*
 * The folder src/cli has the commands: it reads options and configuration, and gives
 * messages and exit codes. It knows every folder but src/agent, and none of them knows
 * it.
 *
 * What the files of this folder share: exit codes, complaints, the terminal. Knows neither the
 * command line nor any command.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

enum cli_exit {
	CLI_FINE = 0,
	CLI_FOUND = 1, /* `check` found something, `report --fail` a leak */
	CLI_USAGE =
		2, /* wrong words, a broken configuration file, an unwritable output */
	CLI_UNWATCHABLE = 3, /* the target cannot be watched */
	CLI_ENDED = 4, /* the target, or we by a signal, ended before the work was done */
};

/* "grmon-c: sentence." on stderr. Bytes from outside are escaped. */
void cli_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same for an error about the user's text, with a mark under the byte that is wrong. */
void cli_complain_at(const char *what, const char *text, const struct err *e);
/* The exit code of a command that failed with this error while it looked at a target. */
int cli_exit_of(const struct err *e);

/* Whether the view can run here. */
bool cli_has_terminal(void);
/* Columns of the terminal that stdout is, or 0. */
int cli_width(void);

/* Write all of out to fd and clear it. EPIPE ends the process as SIGPIPE does elsewhere. */
int cli_write(int fd, const char *path, struct buf *out, struct err *e);

#endif
