/* SPDX-License-Identifier: MIT */
/* Parses the command line with two tables. Options and words may be mixed. `--` ends the
 * options, and so does the first word after `run`. */
#include "cli/options.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/build.h"
#include "base/clock.h"
#include "base/number.h"
#include "base/suggest.h"
#include "cli/values.h"
#include "core/query.h"
#include "out/diff.h"
#include "out/report.h"

#define ON(command) (1u << COMMAND_##command)
#define JUDGES      (ON(REPORT) | ON(CHECK))
#define SHARED                                                                           \
	(ON(EXPORT) | ON(DIFF) | ON(RECORD) | ON(WATCH) | ON(RUN) | ON(LS) | ON(DUMP) |  \
	 JUDGES)
#define EVERYWHERE (SHARED | ON(HELP))

const struct option_info option_table[OPTION_COUNT] = {
	[OPTION_SOURCE] = {'s', "source", "NAME",
			   "how to read TARGET; see 'help sources' (auto)", SHARED},
	[OPTION_INTERVAL] = {'i', "interval", "SECONDS", "time between two samples (1)",
			     SHARED},
	[OPTION_FILTER] = {0, "filter", "EXPR",
			   "show only matching rows; see 'help filter'", SHARED},
	[OPTION_SORT] = {0, "sort", "COL[:asc|desc]", "sort order (age:desc)", SHARED},
	[OPTION_COLUMNS] = {0, "columns", "LIST",
			    "columns to show: id,state,age or +labels,-cpu", SHARED},
	[OPTION_STUCK] = {0, "stuck", "DURATION|STATE=DURATION,...",
			  "threshold for stuck and long tasks (10s)", SHARED},
	[OPTION_THREADS] = {0, "threads", NULL,
			    "also show the threads that run goroutines", SHARED},
	[OPTION_RUNTIME] = {0, "runtime", NULL,
			    "also show Go's own goroutines; frames of C", SHARED},
	[OPTION_PTRACE] = {0, "ptrace", NULL,
			   "allow stopping threads to read their stacks", SHARED},
	[OPTION_NO_COLOR] = {0, "no-color", NULL, "no colours, as with NO_COLOR=1",
			     SHARED},
	[OPTION_ASCII] = {0, "ascii", NULL, "print only ASCII characters", SHARED},
	[OPTION_USER] = {0, "user", "NAME:PASSWORD", "name and password for a URL",
			 ON(EXPORT) | ON(DIFF) | ON(RECORD) | ON(WATCH) | ON(DUMP) |
				 JUDGES},
	[OPTION_HEADER] = {0, "header", "'NAME: VALUE'",
			   "HTTP header to send with every request",
			   ON(EXPORT) | ON(DIFF) | ON(RECORD) | ON(WATCH) | ON(DUMP) |
				   JUDGES},
	[OPTION_DUMP] = {0, "dump", "N", "if a text has several dumps, read the Nth",
			 ON(RECORD) | ON(WATCH) | ON(DUMP) | JUDGES},
	[OPTION_PID] = {'p', "pid", "PID", "watch this process id; replaces TARGET",
			ON(EXPORT) | ON(RECORD) | ON(WATCH) | ON(DUMP) | JUDGES},
	[OPTION_WAIT] = {0, "wait", NULL, "wait for TARGET to start, also after it ends",
			 ON(WATCH)},
	[OPTION_FORMAT] = {'f', "format", "NAME",
			   "output format; see 'help formats' (text)",
			   ON(LS) | ON(DUMP) | ON(REPORT) | ON(DIFF)},
	[OPTION_STACKS] = {0, "stacks", NULL,
			   "print whole stacks and their creators' stacks",
			   ON(DUMP) | ON(DIFF)},
	[OPTION_OUTPUT] = {'o', "output", "FILE", "write to FILE; run: the output of CMD",
			   ON(RECORD) | ON(DUMP) | ON(RUN) | ON(REPORT) | ON(DIFF)},
	[OPTION_AT] = {0, "at", "TIME", "time in a recording: 10:04:30, -5m, start",
		       ON(DUMP)},
	[OPTION_FOR] = {0, "for", "DURATION", "stop after this time",
			ON(RECORD) | JUDGES},
	[OPTION_ROTATE] = {0, "rotate", "SIZE|DURATION",
			   "start a new FILE at this size (10M) or age (1h)", ON(RECORD)},
	[OPTION_KEEP_FILES] = {0, "keep-files", "N",
			       "old files to keep, FILE.1 to FILE.N (4)", ON(RECORD)},
	[OPTION_KEEP] = {0, "keep", NULL, "leave CMD running when you quit the view",
			 ON(RUN)},
	[OPTION_ANCESTORS] = {0, "ancestors", "N",
			      "Go: keep the stacks of N creators (1-16)", ON(RUN)},
	[OPTION_FAIL] = {0, "fail", NULL,
			 "exit 1 for a leak or deadlock; diff: for growth",
			 ON(REPORT) | ON(DIFF)},
	[OPTION_PROVE] = {0, "prove", NULL, "prove which goroutines can never run again",
			  ON(DUMP) | ON(REPORT)},
	[OPTION_HOLDS] = {0, "holds", NULL,
			  "Go, Python: also what tasks hold; may be secrets",
			  ON(DUMP) | ON(RECORD) | ON(REPORT)},
	[OPTION_ALLOW_PARTIAL] = {0, "allow-partial", NULL,
				  "continue if the waits cannot be read",
				  ON(EXPORT) | ON(DIFF) | ON(RECORD) | ON(DUMP) | JUDGES},
	[OPTION_MAX_STUCK] = {0, "max-stuck", "N", "fail if more than N tasks are stuck",
			      ON(CHECK)},
	[OPTION_MAX_LONG] = {0, "max-long", "N",
			     "fail if more than N tasks are in a long wait", ON(CHECK)},
	[OPTION_MAX_TASKS] = {0, "max-tasks", "N", "fail if more than N tasks exist",
			      ON(CHECK)},
	[OPTION_NO_LEAK] = {0, "no-leak", NULL, "fail if anything leaks", ON(CHECK)},
	[OPTION_NO_DEADLOCK] = {0, "no-deadlock", NULL, "fail if there is a deadlock",
				ON(CHECK)},
	[OPTION_COUNT_EXISTING] = {0, "count-existing", NULL,
				   "also count tasks that were stuck at the start",
				   ON(CHECK)},
	[OPTION_LISTEN] = {0, "listen", "ADDRESS:PORT",
			   "address to serve on (127.0.0.1:9847)", ON(EXPORT)},
	[OPTION_TOP_GROUPS] = {0, "top-groups", "N",
			       "also serve the sizes of the N largest groups",
			       ON(EXPORT)},
	[OPTION_SKIP_ZERO] = {0, "skip-zero", NULL,
			      "leave out series that have always been 0", ON(EXPORT)},
	[OPTION_WARM_UP] = {0, "warm-up", "DURATION",
			    "watch this long before calling growth a leak (1m)",
			    ON(EXPORT) | ON(WATCH) | ON(RUN)},
	[OPTION_HELP] = {'h', "help", NULL, "print this help", EVERYWHERE},
	[OPTION_VERSION] = {'V', "version", NULL, "print the version", EVERYWHERE},
};

const struct command_info command_table[COMMAND_COUNT] = {
	[COMMAND_WATCH] = {"", "[TARGET...]",
			   "watch a process, or choose one from a live list",
			   .most_words = WORDS_UNLIMITED},
	[COMMAND_RUN] = {"run", "[--] CMD [ARG...]",
			 "start CMD with the agent inside and watch it", .least_words = 1,
			 .most_words = WORDS_UNLIMITED},
	[COMMAND_LS] = {"ls", "", "list the processes that can be watched",
			.most_words = 0},
	[COMMAND_DUMP] = {"dump", "TARGET...", "print one snapshot",
			  .most_words = WORDS_UNLIMITED},
	[COMMAND_RECORD] = {"record", "-o FILE TARGET...",
			    "write snapshots to a file until ^C",
			    .most_words = WORDS_UNLIMITED},
	[COMMAND_REPORT] = {"report", "TARGET...",
			    "watch for a while, then report what leaks",
			    .most_words = WORDS_UNLIMITED},
	[COMMAND_DIFF] = {"diff", "A [B]", "compare snapshots: new, gone, grown, shrunk",
			  .least_words = 1, .most_words = 2},
	[COMMAND_CHECK] = {"check", "TARGET... | -- CMD",
			   "exit 1 when a limit is broken, for CI",
			   .most_words = WORDS_UNLIMITED},
	[COMMAND_EXPORT] = {"export", "TARGET...", "serve metrics to Prometheus",
			    .most_words = WORDS_UNLIMITED},
	[COMMAND_HELP] = {"help", "[TOPIC]",
			  "explain states, columns, filters, keys, ...", .most_words = 1},
};

const char *command_lacks(enum command_id id)
{
	return id == COMMAND_EXPORT && !GRMON_WITH_EXPORT ? "libmicrohttpd" : NULL;
}

const char *option_lacks(enum option_id id)
{
	if ((id == OPTION_USER || id == OPTION_HEADER) && !GRMON_WITH_HTTP)
		return "libcurl";
	return option_table[id].commands == ON(EXPORT) ? command_lacks(COMMAND_EXPORT)
						       : NULL;
}

int command_check_built(enum command_id id, struct err *e)
{
	const char *lacks = command_lacks(id);

	if (!lacks)
		return 0;
	return err_set(e, ERR_USAGE,
		       "this grmon-c was built without %s, which 'grmon-c %s' needs",
		       lacks, command_table[id].name);
}

static const char *command_label(enum command_id id)
{
	return id == COMMAND_WATCH ? "the view" : command_table[id].name;
}

static int unknown_option(const char *name, size_t bytes, struct err *e)
{
	struct suggest suggest;

	suggest_init(&suggest, name, bytes);
	for (int i = 0; i < OPTION_COUNT; i++)
		suggest_offer(&suggest, option_table[i].name);
	if (suggest.best)
		return err_set(e, ERR_USAGE,
			       "unknown option --%.*s; did you mean --%s? 'grmon-c "
			       "--help' lists all options",
			       (int)bytes, name, suggest.best);
	return err_set(e, ERR_USAGE,
		       "unknown option --%.*s; 'grmon-c --help' lists all options",
		       (int)bytes, name);
}

/* Finds the option by its full name or by a unique prefix. */
static int find_long(const char *name, size_t bytes, struct err *e)
{
	int found = -1;

	for (int i = 0; i < OPTION_COUNT; i++) {
		const char *candidate = option_table[i].name;

		if (strncmp(candidate, name, bytes) != 0)
			continue;
		if (candidate[bytes] == '\0')
			return i;
		found = found == -1 && bytes > 0 ? i : -2;
	}
	return found >= 0 ? found : unknown_option(name, bytes, e);
}

static int find_letter(char letter, struct err *e)
{
	for (int i = 0; i < OPTION_COUNT; i++) {
		if (letter && option_table[i].letter == letter)
			return i;
	}
	return err_set(e, ERR_USAGE,
		       "unknown option -%c; 'grmon-c --help' lists all options", letter);
}

static int missing_argument(const struct option_info *info, struct err *e)
{
	return err_set(e, ERR_USAGE, "--%s needs an argument: --%s %s", info->name,
		       info->name, info->argument);
}

struct scan {
	char **argv;
	int argc, at;
};

/* Handles a word that starts with "--". */
static int take_long(struct options *options, struct scan *scan, struct err *e)
{
	const char *word = scan->argv[scan->at] + 2, *equals = strchr(word, '=');
	size_t bytes = equals ? (size_t)(equals - word) : strlen(word);
	int id = find_long(word, bytes, e);
	const struct option_info *info;

	if (id < 0)
		return id;
	info = &option_table[id];
	if (!info->argument && equals)
		return err_set(e, ERR_USAGE, "--%s takes no argument", info->name);
	if (!info->argument)
		options->value[id] = "";
	else if (equals)
		options->value[id] = equals + 1;
	else if (scan->at + 1 < scan->argc)
		options->value[id] = scan->argv[++scan->at];
	else
		return missing_argument(info, e);
	return 0;
}

/* Handles a word of letters: -h, -i2, -i 2. */
static int take_letters(struct options *options, struct scan *scan, struct err *e)
{
	for (const char *letter = scan->argv[scan->at] + 1; *letter; letter++) {
		int id = find_letter(*letter, e);

		if (id < 0)
			return id;
		if (!option_table[id].argument) {
			options->value[id] = "";
			continue;
		}
		if (letter[1])
			options->value[id] = letter + 1;
		else if (scan->at + 1 < scan->argc)
			options->value[id] = scan->argv[++scan->at];
		else
			return missing_argument(&option_table[id], e);
		break;
	}
	return 0;
}

/* The first word may be a subcommand; all others are kept. */
static void take_word(struct options *options, char *word, bool may_be_command)
{
	for (int i = COMMAND_WATCH + 1; i < COMMAND_COUNT && may_be_command; i++) {
		if (options->nr_words == 0 && !options->command_named &&
		    strcmp(command_table[i].name, word) == 0) {
			options->command = (enum command_id)i;
			options->command_named = true;
			return;
		}
	}
	options->words[options->nr_words++] = word;
}

static int check_words(const struct options *options, struct err *e)
{
	const struct command_info *info = &command_table[options->command];
	struct suggest suggest;

	if (options->nr_words < info->least_words)
		return err_set(e, ERR_USAGE, "'grmon-c %s' needs %s", info->name,
			       info->arguments);
	if (info->most_words < 0 || options->nr_words <= info->most_words)
		return 0;
	if (options->command != COMMAND_WATCH)
		return err_set(e, ERR_USAGE,
			       "'grmon-c %s' takes %s; '%s' is one too many", info->name,
			       info->most_words ? info->arguments : "no arguments",
			       options->words[info->most_words]);
	suggest_init(&suggest, options->words[0], strlen(options->words[0]));
	for (int i = 0; i < COMMAND_COUNT; i++)
		suggest_offer(&suggest, command_table[i].name);
	if (suggest.best)
		return err_set(e, ERR_USAGE,
			       "unknown command '%s'; did you mean 'grmon-c %s'?",
			       options->words[0], suggest.best);
	return err_set(e, ERR_USAGE,
		       "'%s' is not a command, and only one TARGET can be watched, not "
		       "'%s' and '%s'",
		       options->words[0], options->words[0], options->words[1]);
}

static int check_dump(struct options *options, struct err *e)
{
	const char *text = options->value[OPTION_DUMP];
	int64_t value;

	if (!number_parse(text, INT_MAX, &value) || value == 0)
		return err_set(
			e, ERR_USAGE,
			"--dump: '%.40s' is not the number of a dump; they count from 1",
			text);
	options->dump = (unsigned)value;
	return 0;
}

/* Names the commands that take the option: "record, report and check". */
static void list_commands(const struct option_info *option, char *out, size_t size)
{
	unsigned commands = option->commands;
	size_t used = 0;
	int left;

	for (int i = 0; i < COMMAND_COUNT; i++)
		if (command_lacks((enum command_id)i))
			commands &= ~(1u << i);
	left = __builtin_popcount(commands);
	out[0] = '\0';
	for (int i = 0; i < COMMAND_COUNT && used < size; i++) {
		if (!(commands & 1u << i))
			continue;
		left--;
		used += (size_t)snprintf(out + used, size - used, "%s%s",
					 command_label((enum command_id)i),
					 left > 1    ? ", "
					 : left == 1 ? " and "
						     : "");
	}
}

static int check_options(struct options *options, struct err *e)
{
	const char *pid = options->value[OPTION_PID];

	if (options->value[OPTION_HOLDS] && options->command == COMMAND_EXPORT)
		return err_set(
			e, ERR_USAGE,
			"--holds does not apply to export: strings of a program's "
			"memory can be secrets, and metrics are kept for years and "
			"read by many; 'grmon-c report --holds' names them");
	for (int i = 0; i < OPTION_COUNT; i++) {
		if (options->value[i] && option_lacks((enum option_id)i))
			return err_set(e, ERR_USAGE,
				       "this grmon-c was built without %s, which --%s "
				       "needs",
				       option_lacks((enum option_id)i),
				       option_table[i].name);
		if (options->value[i] &&
		    !(option_table[i].commands & 1u << options->command)) {
			char commands[128];

			list_commands(&option_table[i], commands, sizeof(commands));
			return err_set(e, ERR_USAGE,
				       "--%s does not apply to %s; it applies to %s",
				       option_table[i].name,
				       command_label(options->command), commands);
		}
	}
	if (options->value[OPTION_DUMP] && check_dump(options, e) != 0)
		return e->code;
	if (pid) {
		int64_t value;

		if (!number_parse(pid, INT_MAX, &value) || value == 0)
			return err_set(e, ERR_USAGE,
				       "--pid: '%.40s' is not a process id; 'grmon-c ls' "
				       "lists the processes",
				       pid);
		if (options->nr_words > 0)
			return err_set(e, ERR_USAGE,
				       "give TARGET once: either '%s' or --pid %s",
				       options->words[0], pid);
		options->pid = (pid_t)value;
	}
	return 0;
}

int options_parse(struct options *options, int argc, char **argv, struct err *e)
{
	struct scan scan = {argv, argc, 1};
	bool only_words = false;
	int rc = 0;

	memset(options, 0, sizeof(*options));
	/* argv itself stores the words: there are never more of them than were read. */
	options->words = argv;
	for (; scan.at < argc && rc == 0; scan.at++) {
		char *word = argv[scan.at];

		if (only_words || word[0] != '-' || word[1] == '\0') {
			take_word(options, word, !only_words);
			if (options->command == COMMAND_RUN && options->nr_words > 0)
				only_words = true;
		} else if (strcmp(word, "--") == 0) {
			only_words = true;
			options->after_dashes = options->nr_words == 0;
		} else if (word[1] == '-') {
			rc = take_long(options, &scan, e);
		} else {
			rc = take_letters(options, &scan, e);
		}
	}
	options->words[options->nr_words] = NULL;
	if (rc == 0 && !options->value[OPTION_VERSION])
		rc = command_check_built(options->command, e);
	if (rc != 0 || options->value[OPTION_HELP] || options->value[OPTION_VERSION])
		return rc;
	rc = check_words(options, e);
	return rc ? rc : check_options(options, e);
}

int option_duration(enum option_id id, const char *text, int64_t *ns, struct err *e)
{
	struct err why = {0};

	if (clock_parse_duration(text, ns, &why) == 0)
		return 0;
	return err_set(e, ERR_USAGE, "--%s: %s", option_table[id].name, why.text);
}

/* These commands have formats of their own. */
static bool has_own_formats(const struct options *options)
{
	return options->command == COMMAND_REPORT || options->command == COMMAND_DIFF;
}

static int check_own_format(const struct options *options, const char *name,
			    struct err *e)
{
	bool report = options->command == COMMAND_REPORT;
	struct suggest suggest;

	if (report ? report_by_name(name) != NULL : diff_by_name(name) != NULL)
		return 0;
	suggest_init(&suggest, name, strlen(name));
	for (size_t i = 0; report && report_table[i]; i++)
		suggest_offer(&suggest, report_table[i]->name);
	for (size_t i = 0; !report && diff_table[i].name; i++)
		suggest_offer(&suggest, diff_table[i].name);
	return value_no_format(&suggest, e);
}

int options_apply(struct options *options, enum option_id *which, struct err *e)
{
	int rc = 0;

	for (int i = 0; i < OPTION_COUNT && rc == 0; i++) {
		*which = (enum option_id)i;
		if (i == OPTION_FORMAT && options->value[i] && has_own_formats(options))
			rc = check_own_format(options, options->value[i], e);
		else if (options->value[i])
			rc = value_apply(&options->settings, *which, options->value[i],
					 e);
		/* Unlike in the view, the filter cannot be half typed. */
		if (rc == 0 && i == OPTION_FILTER && options->value[i])
			rc = query_check_whole(options->value[i], e);
	}
	return rc;
}
