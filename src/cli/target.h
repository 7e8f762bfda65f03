/* SPDX-License-Identifier: MIT */
/* TARGET on the command line: a process, or something else that can be looked at. */
#ifndef CLI_TARGET_H
#define CLI_TARGET_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "cli/options.h"

/* TARGET or -p, resolved to a pid. Returns 0 or an exit code after a complaint. */
int target_resolve(const struct options *options, pid_t *pid);
/* TARGET, where it is a URL, a file with goroutines or "-", not a process; else NULL. */
const char *target_other(const struct options *options);
/* Stdin as a file descriptor of its own, for "-"; the terminal takes its place. */
int target_take_stdin(void);
/* Whether the words look like another kind of target; e says what is wrong with it. */
bool target_foreign(const char *text, struct err *e);

#endif
