/* SPDX-License-Identifier: MIT */
/* What the files of this folder share: exit codes, complaints, the subcommands. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "base/buf.h"
#include "base/err.h"
#include "cli/options.h"

enum cli_exit {
	CLI_FINE = 0,
	CLI_FOUND = 1, /* `check` found something, `report --fail` a leak */
	CLI_USAGE =
		2, /* wrong words, a broken configuration file, an unwritable output */
	CLI_UNWATCHABLE = 3, /* the target cannot be watched */
	CLI_ENDED = 4,       /* the target ended before the work was done */
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

/* TARGET or -p, resolved to a pid. Returns 0 or an exit code after a complaint. */
int cli_resolve(const struct options *options, pid_t *pid);
/* TARGET that is no process but a URL, a file with goroutines or "-"; else NULL. */
const char *cli_other_target(const struct options *options);
/* Stdin as a file descriptor of its own, for "-"; the terminal takes its place. */
int cli_take_stdin(void);
/* Words that look like another kind of target, and what to say about them; else NULL. */
const char *cli_foreign_target(const char *text);

int command_watch(struct options *options);
int command_run(struct options *options);
int command_ls(struct options *options);
int command_dump(struct options *options);
int command_record(struct options *options);
int command_report(struct options *options);
int command_diff(struct options *options);
int command_check(struct options *options);
int command_export(struct options *options);
int command_help(struct options *options);

#endif
