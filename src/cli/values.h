/* SPDX-License-Identifier: MIT */
/* Parses the arguments of options, on the command line and in the configuration file. */
#ifndef CLI_VALUES_H
#define CLI_VALUES_H

#include "base/suggest.h"
#include "cli/options.h"

/* Checks text as the argument of this option and, if it is a setting, stores it. Returns
 * 0 or ERR_USAGE, with the position of the wrong byte if known. */
int value_apply(struct settings *settings, enum option_id id, const char *text,
		struct err *e);
/* Sets the error for an unknown format, suggest->word, with a suggestion. */
int value_no_format(const struct suggest *suggest, struct err *e);

#endif
