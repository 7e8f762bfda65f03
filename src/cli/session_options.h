/* SPDX-License-Identifier: MIT */
/* How to sample a target, from the options of the command line. */
#ifndef CLI_SESSION_OPTIONS_H
#define CLI_SESSION_OPTIONS_H

#include "cli/options.h"
#include "session/session.h"

/* options must outlive the session. */
struct session_options session_options_from(const struct options *options);

#endif
