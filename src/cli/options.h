/* SPDX-License-Identifier: MIT */
/* The command line: a table of subcommands and a table of options, used by the parser,
 * the help, and the checks of manual pages and completions. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "core/settings.h"

enum command_id {
	COMMAND_WATCH, /* has no word of its own */
	COMMAND_RUN,
	COMMAND_LS,
	COMMAND_DUMP,
	COMMAND_RECORD,
	COMMAND_REPORT,
	COMMAND_DIFF,
	COMMAND_CHECK,
	COMMAND_EXPORT,
	COMMAND_HELP,
	COMMAND_COUNT,
};

enum option_id {
	OPTION_SOURCE,
	OPTION_INTERVAL,
	OPTION_FILTER,
	OPTION_SORT,
	OPTION_COLUMNS,
	OPTION_STUCK,
	OPTION_THREADS,
	OPTION_RUNTIME,
	OPTION_PTRACE,
	OPTION_NO_COLOR,
	OPTION_ASCII,
	OPTION_USER,
	OPTION_HEADER,
	OPTION_DUMP,
	OPTION_PID,
	OPTION_WAIT,
	OPTION_FORMAT,
	OPTION_STACKS,
	OPTION_OUTPUT,
	OPTION_AT,
	OPTION_FOR,
	OPTION_ROTATE,
	OPTION_KEEP_FILES,
	OPTION_KEEP,
	OPTION_ANCESTORS,
	OPTION_FAIL,
	OPTION_PROVE,
	OPTION_HOLDS,
	OPTION_ALLOW_PARTIAL,
	OPTION_MAX_STUCK,
	OPTION_MAX_LONG,
	OPTION_MAX_TASKS,
	OPTION_NO_LEAK,
	OPTION_NO_DEADLOCK,
	OPTION_COUNT_EXISTING,
	OPTION_LISTEN,
	OPTION_TOP_GROUPS,
	OPTION_SKIP_ZERO,
	OPTION_WARM_UP,
	OPTION_HELP,
	OPTION_VERSION,
	OPTION_COUNT,
};

struct option_info {
	char letter; /* 0 if there is none */
	const char *name;
	const char *argument; /* such as "SECONDS", or NULL */
	const char *help;
	unsigned commands; /* bit 1 << command_id for each command that has it */
};

#define WORDS_UNLIMITED (-1)

struct command_info {
	const char *name; /* "" for COMMAND_WATCH */
	const char *arguments;
	const char *summary;
	/* Words after the command's name; most_words may be WORDS_UNLIMITED. */
	int least_words, most_words;
};

extern const struct option_info option_table[OPTION_COUNT];
extern const struct command_info command_table[COMMAND_COUNT];

struct options {
	enum command_id command;
	bool after_dashes; /* the first word follows `--` */
	/* The command was named, so TARGET is not a mistyped command. */
	bool command_named;
	/* NULL if not given; "" if it takes no argument */
	const char *value[OPTION_COUNT];
	char **words; /* TARGET, or CMD and its arguments */
	int nr_words;
	pid_t pid;     /* of -p, or 0 */
	unsigned dump; /* of --dump, or 0 */
	/* defaults, then the configuration file, then options */
	struct settings settings;
};

/* Returns the library that the command or the option needs and this build lacks, or
 * NULL. */
const char *command_lacks(enum command_id id);
const char *option_lacks(enum option_id id);
/* Returns 0, or ERR_USAGE with a sentence that says what this build lacks. */
int command_check_built(enum command_id id, struct err *e);
/*
 * Parses the command line; argv must outlive options and is reordered. Returns 0, or
 * ERR_USAGE with a message that suggests the likely intention.
 */
int options_parse(struct options *options, int argc, char **argv, struct err *e);
/* Parses a duration. Error messages name the option. */
int option_duration(enum option_id id, const char *text, int64_t *ns, struct err *e);
/* Applies the values to options->settings. On error, *which is the option at fault. */
int options_apply(struct options *options, enum option_id *which, struct err *e);

#endif
