/* SPDX-License-Identifier: MIT */
/* --help and `grmon-c help TOPIC`, printed from the tables. All return an exit code. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "cli/options.h"

int help_version(void);
/* One subcommand, or for COMMAND_WATCH the whole program. */
int help_command(enum command_id command);

#endif
