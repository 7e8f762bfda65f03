/* SPDX-License-Identifier: MIT */
/*
 * The folder src/cli contains the commands: it reads options and configuration, and
 * prints messages and returns exit codes. It may use every folder except src/agent, and
 * no folder uses it.
 *
 * This header declares what its files share: exit codes, messages, the terminal. It knows
 * neither the command line nor any command.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

enum cli_exit {
	CLI_FINE = 0,
	CLI_FOUND = 1, /* `check` found something, or `report --fail` a leak */
	/* Wrong usage, invalid configuration file, output cannot be written. */
	CLI_USAGE = 2,
	CLI_UNWATCHABLE = 3, /* the target cannot be watched */
	/* The target ended, or a signal ended us, before the work was done. */
	CLI_ENDED = 4,
};

/* Prints "grmon-c: sentence." on stderr. Escapes bytes from outside. */
void cli_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Prints an error about the user's text, with a mark under the wrong byte. */
void cli_complain_at(const char *what, const char *text, const struct err *e);
/* Returns the exit code for an error that occurred while a target was sampled. */
int cli_exit_of(const struct err *e);

/* Returns true if the view can run here. */
bool cli_has_terminal(void);
/* Returns the number of columns if stdout is a terminal, or 0. */
int cli_width(void);

/* Writes all of out to fd and clears it. On EPIPE, ends the process as SIGPIPE does. */
int cli_write(int fd, const char *path, struct buf *out, struct err *e);

#endif
