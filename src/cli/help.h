/* SPDX-License-Identifier: MIT */
/* --help and `grmon-c help TOPIC`, generated from the tables. All functions return an
 * exit code. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "cli/options.h"

int help_version(void);
/* Prints the help of a subcommand or, for COMMAND_WATCH, of the whole program. */
int help_command(enum command_id command);

#endif
