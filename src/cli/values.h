/* SPDX-License-Identifier: MIT */
/* What the words of an option mean, on the command line and in the configuration file. */
#ifndef CLI_VALUES_H
#define CLI_VALUES_H

#include "base/suggest.h"
#include "cli/options.h"

/* Check text as the argument of this option and, where it is a setting, take it over.
 * Returns 0 or ERR_USAGE, with the byte that is wrong where that is known. */
int value_apply(struct settings *settings, enum option_id id, const char *text,
		struct err *e);
/* The error for the format that suggest->word names, with what was meant. */
int value_no_format(const struct suggest *suggest, struct err *e);

#endif
