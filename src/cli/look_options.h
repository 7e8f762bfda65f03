/* SPDX-License-Identifier: MIT */
/* How to sample a target, from the options of the command line. */
#ifndef CLI_LOOK_OPTIONS_H
#define CLI_LOOK_OPTIONS_H

#include "cli/options.h"
#include "session/look.h"

/* options must outlive the look. */
struct look_options look_options_from(const struct options *options);

#endif
