/* SPDX-License-Identifier: MIT */
/* TARGET on the command line: a process, or something else that can be sampled. */
#ifndef CLI_TARGET_H
#define CLI_TARGET_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "cli/options.h"

/* Resolves TARGET or -p to a pid. Returns 0, or an exit code after a message. */
int target_resolve(const struct options *options, pid_t *pid);
/* Returns TARGET if it is a URL, a file with goroutines or "-"; NULL if it is a
 * process. */
const char *target_other(const struct options *options);
/* For "-": returns a new descriptor for stdin, which then becomes the terminal. */
int target_take_stdin(void);
/* Returns true if the text looks like a target that is not a process and cannot be
 * watched; e explains why. */
bool target_foreign(const char *text, struct err *e);

#endif
