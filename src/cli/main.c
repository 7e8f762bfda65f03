/* SPDX-License-Identifier: MIT */
/* Reads the command line, the configuration file and the environment, then runs a
 * subcommand. */
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/build.h"
#include "base/map_guard.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/config.h"
#include "cli/help.h"
#include "cli/supervise.h"
#include "source/source.h"

/* Their names and summaries are in options.c. Parsing refuses those that the build has
 * left out. */
static int (*const commands[COMMAND_COUNT])(struct options *options) = {
	[COMMAND_WATCH] = command_watch,   [COMMAND_RUN] = command_run,
	[COMMAND_LS] = command_ls,         [COMMAND_DUMP] = command_dump,
	[COMMAND_RECORD] = command_record, [COMMAND_REPORT] = command_report,
	[COMMAND_DIFF] = command_diff,     [COMMAND_CHECK] = command_check,
	[COMMAND_HELP] = command_help,
#if GRMON_WITH_EXPORT
	[COMMAND_EXPORT] = command_export,
#endif
};

static int load_settings(struct options *options)
{
	enum option_id which = OPTION_COUNT;
	const char *no_color = getenv("NO_COLOR");
	struct err e = {0};
	char path[4096];

	settings_default(&options->settings);
	if (config_path(path, sizeof(path), &e) == 0 &&
	    config_load(path, &options->settings, &e) != 0) {
		cli_complain("%s", e.text);
		return CLI_USAGE;
	}
	if (no_color && *no_color)
		options->settings.no_color = true;
	e.at = -1;
	if (options_apply(options, &which, &e) != 0) {
		char what[48];

		snprintf(what, sizeof(what), "--%s", option_table[which].name);
		cli_complain_at(what, options->value[which], &e);
		return CLI_USAGE;
	}
	if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0 && cli_width() > 0)
		options->settings.ascii = true;
	return CLI_FINE;
}

/*
 * Uses one heap for both threads, and large blocks that are returned to the kernel. One
 * thread allocates a snapshot every second and the other frees it, which would fragment
 * two heaps.
 */
static void tame_heap(void)
{
#ifdef __GLIBC__
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_MMAP_THRESHOLD, 128 * 1024);
#endif
}

/* A file or socket that is opened later must not become the standard output. Opened the
 * other way round, writing and reading still fail. */
static void keep_closed(void)
{
	static const int flags[] = {O_WRONLY, O_RDONLY, O_RDONLY};

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", flags[fd] | O_CLOEXEC) != fd)
			break;
}

int main(int argc, char **argv)
{
	struct options options;
	struct err e = {0};
	int rc;

	keep_closed();
	tame_heap();
	map_guard_install();
	/* LC_NUMERIC remains C because programs read and write the numbers. */
	setlocale(LC_CTYPE, "");
	signal(SIGPIPE, SIG_IGN);
	if (options_parse(&options, argc, argv, &e) != 0) {
		cli_complain("%s", e.text);
		return CLI_USAGE;
	}
	if (options.value[OPTION_VERSION])
		return help_version();
	if (options.value[OPTION_HELP])
		return help_command(options.command);
	/* Help on keys prints those of the settings, and works without them. */
	rc = load_settings(&options);
	if (rc != CLI_FINE && options.command != COMMAND_HELP)
		return rc;
	supervise_begin(&options);
	source_prepare();
	return supervise_end(commands[options.command](&options));
}
