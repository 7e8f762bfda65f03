/* SPDX-License-Identifier: MIT */
/* The same options for all commands, so that they sample a target in the same way. */
#include "cli/session_options.h"

struct session_options session_options_from(const struct options *options)
{
	return (struct session_options){
		.source = options->value[OPTION_SOURCE],
		.threads = options->value[OPTION_THREADS] != NULL,
		.runtime = options->value[OPTION_RUNTIME] != NULL,
		.ptrace = options->value[OPTION_PTRACE] != NULL,
		/* The view shows in its footer what is missing. */
		.partial = options->command == COMMAND_WATCH ||
			   options->command == COMMAND_RUN ||
			   options->value[OPTION_ALLOW_PARTIAL],
		.follow = options->command == COMMAND_WATCH,
		.user = options->value[OPTION_USER],
		.header = options->value[OPTION_HEADER],
		.dump = options->dump,
		.rule = options->settings.rule,
		.stack_rules = &options->settings.stack_rules,
		.acknowledge = options->settings.acknowledge,
		.suppress = options->settings.suppress,
		.warm_up_ns = options->settings.warm_up_ns,
	};
}
