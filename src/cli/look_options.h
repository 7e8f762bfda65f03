/* SPDX-License-Identifier: MIT */
/* What the command line says about how a target is looked at. */
#ifndef CLI_LOOK_OPTIONS_H
#define CLI_LOOK_OPTIONS_H

#include "cli/options.h"
#include "session/look.h"

/* options must outlive the look that is made with them. */
struct look_options look_options_from(const struct options *options);

#endif
