/* SPDX-License-Identifier: MIT */
/* The subcommands. Each returns an exit code. Only main.c calls them. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/options.h"

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
