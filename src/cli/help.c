/* SPDX-License-Identifier: MIT */
/* All lists are generated from the tables that the program itself uses. */
#include "cli/help.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/build.h"
#include "base/suggest.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "core/column.h"
#include "core/state.h"
#include "grmon.h"
#include "out/out.h"
#include "source/source.h"
#include "tui/tui.h"

/* Each line of a text is a line here. */
/* clang-format off */
static const char about_text[] =
	"grmon-c shows what every thread and goroutine of a running Linux process is\n"
	"blocked on, since when, who holds it and who started it. The process keeps\n"
	"running and is not changed.\n"
	"\n"
	"Usage:\n";

static const char target_text[] =
	"\n"
	"TARGET is a pid, the name of a process or of the script that it runs (app.py),\n"
	"the URL of a Go program's net/http/pprof, a recording, a dump, a log that\n"
	"contains goroutines, or - for the standard input. Several processes are watched\n"
	"together in one table: give several pids or names, name:NAME, cgroup:/PATH,\n"
	"tree:PID (it and its children) or the id of a container.\n"
	"\n"
	"Examples:\n"
	"  grmon-c                             choose a process from a live list\n"
	"  grmon-c 4711                        watch process 4711\n"
	"  grmon-c --stuck 5s,poll=1m server   watch \"server\" with other thresholds\n"
	"  grmon-c --filter 'state:lock age>5s' server\n"
	"                                      only tasks that wait over 5 s for a lock\n"
	"  grmon-c tree:4711                   watch a service: it and all its workers\n"
	"  grmon-c run -- ./server -p 8080     start a program with the agent inside\n"
	"  grmon-c dump -f json server | jq '.tasks[] | select(.stuck)'\n"
	"                                      the stuck tasks, for a script\n"
	"  grmon-c check --no-leak -- ./tests  fail a CI job when a test leaks\n";

static const char end_text[] =
	"\n"
	"Durations: 500ms, 10s, 5m, 2h; a number without a unit is seconds.\n"
	"Settings: $XDG_CONFIG_HOME/grmon-c/config.json; W in the view writes them.\n"
	"Exit status: 0 success; 1 check found something, report --fail a leak or a\n"
	"deadlock, diff --fail growth; 2 wrong usage; 3 the target cannot be watched;\n"
	"4 the target ended too early, or a signal ended check.\n"
	"More: grmon-c COMMAND --help; grmon-c help states, columns, filter, keys,\n"
	"sources, formats; man grmon-c; man grmon-c-guide\n";

static const char filter_text[] =
	"A filter is a list of words. A row is shown if all of them match.\n"
	"\n"
	"  word          some column contains the word\n"
	"  col:text      this column contains the text\n"
	"  col=text      this column is exactly the text\n"
	"  col~regex     this column matches the POSIX extended regular expression\n"
	"  col>value     greater than; also < >= <=; for age, cpu and switches\n"
	"  state:x       a state or a class, see 'grmon-c help states'; or one of idle,\n"
	"                long, stuck, leak, proven, suspect, stale; with d in the view\n"
	"                also new, gone, moved; in quotes: the runtime's own word\n"
	"  id:g8         this task only\n"
	"  label.key:x   a label\n"
	"  !word         not\n"
	"  a | b         either\n"
	"  (a | b) c     grouping\n"
	"  \"a b\"         a text with a space\n"
	"\n"
	"Upper and lower case differ only in a word that has an upper-case letter.\n"
	"'grmon-c help columns' lists the columns.\n"
	"\n"
	"  state:chan-send age>30s             senders that have waited for over 30 s\n"
	"  fn~^handle_ !state:idle             handlers that are not at rest\n"
	"  state:lock | state:io-read          two kinds of waits\n"
	"  label.request:/api                  the tasks of one kind of request\n";

/* Additional text and examples for each command. */
static const char *const details[COMMAND_COUNT] = {
	[COMMAND_RUN] =
	"Runs CMD in the background of the view. Its output goes to FILE, or to a new\n"
	"file whose name is printed when you quit. Quitting the view sends SIGTERM to\n"
	"CMD, unless you give --keep. Without a terminal there is no view: CMD then\n"
	"simply runs with the agent inside.\n"
	"\n"
	"  grmon-c run -- ./server -p 8080\n"
	"  grmon-c run -o server.log --keep -- ./server -p 8080\n"
	"  grmon-c run --ancestors 5 -- ./server    Go: who created the creators\n",
	[COMMAND_LS] =
	"Prints one line per process. SOURCE is the source that 'grmon-c PID' would use;\n"
	"processes with an agent come first. The formats are text and json.\n"
	"\n"
	"  grmon-c ls\n"
	"  grmon-c ls --source goruntime       only Go programs\n",
	[COMMAND_DUMP] =
	"Takes two samples, a tenth of a second apart, and prints the second. From a\n"
	"recording it prints the last snapshot, or the one that --at names.\n"
	"\n"
	"  grmon-c dump server --filter state:stuck --stacks\n"
	"  grmon-c dump server --holds --filter fn:readLoop    Go: whose connections?\n"
	"  grmon-c dump server -f folded | flamegraph.pl >waits.svg\n"
	"  grmon-c dump server.grmon --at -5m\n",
	[COMMAND_RECORD] =
	"Appends snapshots to FILE until ^C, the end of --for, or the end of TARGET.\n"
	"FILE may be - for the standard output. 'grmon-c FILE' replays a recording and\n"
	"'grmon-c report FILE' analyses it.\n"
	"\n"
	"  grmon-c record server -o server.grmon --rotate 10M --keep-files 4\n"
	"  ssh host grmon-c record server -o - | grmon-c -\n",
	[COMMAND_REPORT] =
	"Watches a process for 30 seconds, or for the time given by --for, and reports\n"
	"leaks with their evidence, stuck tasks, deadlocks and trends. A recording is\n"
	"read as a whole. The formats are text, json, markdown and html.\n"
	"\n"
	"  grmon-c report server --for 5m -f html -o leaks.html\n"
	"  grmon-c report server.grmon --fail\n",
	[COMMAND_DIFF] =
	"A and B are recordings, JSON dumps, profiles, goroutines as Go prints them, or\n"
	"running processes. Without B, the first and the last snapshot of the recording\n"
	"A are compared. The formats are text and json.\n"
	"\n"
	"  grmon-c dump server -f json >before.json\n"
	"  grmon-c diff before.json server\n",
	[COMMAND_CHECK] =
	"If no limit is given, --no-leak and --no-deadlock apply. A process is watched\n"
	"for 30 seconds, or for the time given by --for. CMD is started with the agent\n"
	"inside and watched until it exits; just before that it is held for a last\n"
	"sample, in which everything that is still blocked counts. check exits with the\n"
	"status of CMD, or with 1 if that is 0 and a limit is broken.\n"
	"\n"
	"  grmon-c check --no-leak --max-stuck 0 -- ./my-tests\n"
	"  grmon-c check --no-leak --for 2m my-service\n"
	"  go test -exec \"grmon-c check --no-leak --\" ./...\n",
	[COMMAND_EXPORT] =
	"TARGET is a URL, a pid, a name, cgroup:/PATH, tree:PID or the id of a container.\n"
	"All but a URL and a pid stand for all their processes, including those that\n"
	"start later.\n"
	"\n"
	"  grmon-c export server cgroup:/system.slice/db.service\n"
	"  curl http://127.0.0.1:9847/metrics\n",
	[COMMAND_HELP] =
	"The topics are states, columns, filter, keys, sources and formats. The name of a\n"
	"command is a topic too.\n"
	"\n"
	"  grmon-c help filter\n"
	"  grmon-c help dump\n",
};
/* clang-format on */

static int print_page(struct buf *out)
{
	struct err e = {0};
	int rc = cli_write(STDOUT_FILENO, "the standard output", out, &e);

	if (rc != 0)
		cli_complain("%s", e.text);
	buf_release(out);
	return rc ? CLI_USAGE : CLI_FINE;
}

static void put_option(struct buf *out, enum option_id option)
{
	const struct option_info *info = &option_table[option];
	char spelt[80];

	if (option_lacks(option))
		return;
	snprintf(spelt, sizeof(spelt), "%c%c%s--%s%s%s", info->letter ? '-' : ' ',
		 info->letter ? info->letter : ' ', info->letter ? ", " : "  ",
		 info->name, info->argument ? " " : "",
		 info->argument ? info->argument : "");
	if (strlen(spelt) > 26)
		buf_printf(out, "  %s\n  %-26s %s\n", spelt, "", info->help);
	else
		buf_printf(out, "  %-26s %s\n", spelt, info->help);
}

static void put_usage(struct buf *out, const struct command_info *info)
{
	char spelt[80];

	snprintf(spelt, sizeof(spelt), "%s%s%s", info->name, *info->name ? " " : "",
		 info->arguments);
	buf_printf(out, "  grmon-c %-22s %s\n", spelt, info->summary);
}

/* Returns how many of the commands that sample targets have the option. */
static int count_commands(enum option_id option)
{
	return __builtin_popcount(option_table[option].commands & ~(1u << COMMAND_HELP));
}

/* Prints the options of this command alone. */
static void put_own(struct buf *out, enum command_id command)
{
	bool any = false;

	for (int i = 0; i < OPTION_COUNT; i++) {
		if (option_table[i].commands != 1u << command ||
		    option_lacks((enum option_id)i))
			continue;
		if (!any)
			buf_printf(out, "\nOptions of %s:\n",
				   command == COMMAND_WATCH
					   ? "the view"
					   : command_table[command].name);
		any = true;
		put_option(out, (enum option_id)i);
	}
}

static void put_all_options(struct buf *out)
{
	int shared = count_commands(OPTION_SOURCE);

	buf_puts(out, "\nOptions of every command:\n");
	for (int i = 0; i < OPTION_COUNT; i++)
		if (count_commands(i) == shared)
			put_option(out, (enum option_id)i);
	buf_puts(out,
		 "\nOptions of some commands; 'grmon-c COMMAND --help' shows which:\n");
	for (int i = 0; i < OPTION_COUNT; i++)
		if (count_commands(i) > 1 && count_commands(i) < shared)
			put_option(out, (enum option_id)i);
	for (int i = 0; i < COMMAND_COUNT; i++)
		put_own(out, (enum command_id)i);
}

/* Says in a sentence each what the build has left out. */
static void put_left_out(struct buf *out, const char *before)
{
	if (!GRMON_WITH_HTTP)
		buf_printf(out, "%sBuilt without libcurl: a URL cannot be a TARGET.\n",
			   before);
	if (!GRMON_WITH_EXPORT)
		buf_printf(out, "%sBuilt without libmicrohttpd: there is no export.\n",
			   GRMON_WITH_HTTP ? before : "");
}

static int help_program(void)
{
	struct buf out;

	buf_init(&out, 0);
	buf_puts(&out, about_text);
	for (int i = 0; i < COMMAND_COUNT; i++)
		if (!command_lacks((enum command_id)i))
			put_usage(&out, &command_table[i]);
	buf_puts(&out, target_text);
	put_left_out(&out, "\n");
	put_all_options(&out);
	buf_puts(&out, end_text);
	return print_page(&out);
}

int help_command(enum command_id command)
{
	struct err e = {0};
	struct buf out;

	if (command == COMMAND_WATCH)
		return help_program();
	if (command_check_built(command, &e) != 0) {
		cli_complain("%s", e.text);
		return CLI_USAGE;
	}
	buf_init(&out, 0);
	buf_puts(&out, "Usage:\n");
	put_usage(&out, &command_table[command]);
	buf_printf(&out, "\n%s\nOptions:\n", details[command]);
	for (int i = 0; i < OPTION_COUNT; i++)
		if (option_table[i].commands & 1u << command)
			put_option(&out, (enum option_id)i);
	return print_page(&out);
}

int help_version(void)
{
	struct buf out;

	buf_init(&out, 0);
	buf_puts(&out, GRMON_TOOL " " GRMON_VERSION "\n");
	put_left_out(&out, "");
	return print_page(&out);
}

static void put_states(struct buf *out)
{
	buf_puts(out, "What a task can be blocked on. A state with * means rest: a task "
		      "in it is idle,\n"
		      "and is stuck only if --stuck names the state.\n");
	for (int class = 0; class < CLASS_COUNT; class ++) {
		buf_printf(out, "\n%s\n", state_class_name(class));
		for (int state = 0; state < STATE_COUNT; state++) {
			const struct state_info *info = state_info(state);

			if ((int)info->class == class)
				buf_printf(out, "  %-13s%c %s\n", info->name,
					   info->idle ? '*' : ' ', info->help);
		}
	}
}

static void put_columns(struct buf *out)
{
	buf_puts(out,
		 "Names for --columns, --sort and the filter, with a short form:\n\n");
	for (int id = 0; id < COLUMN_COUNT; id++) {
		const struct column *column = column_info(id);

		buf_printf(out, "  %-10s %-9s %s\n", column->key,
			   column->alias ? column->alias : "", column->help);
	}
	buf_puts(out,
		 "\n"
		 "  --columns id,state,age     show only these\n"
		 "  --columns +labels,-cpu     change the usual ones\n"
		 "  --columns id,state,name?   name? may be left out: see c in the view\n"
		 "  --sort age:desc            oldest first; --sort name: by name\n");
}

static void put_filter(struct buf *out)
{
	buf_puts(out, filter_text);
}

static void put_keys(struct buf *out)
{
	struct tui_key_help key;

	buf_puts(out, "Keys in the view, as your settings have them:\n\n");
	for (size_t i = 0; (key = tui_key_help(i)).keys; i++)
		buf_printf(out, "  %-18s %-17s %s\n", key.keys, key.action, key.text);
	buf_puts(out, "\nThe second word is the name in config.json: "
		      "{\"keys\": {\"next\": \"n F3\"}}\n");
}

static void put_sources(struct buf *out)
{
	buf_puts(out, "Values of --source. The default, auto, uses the first one that "
		      "fits.\n\n");
	for (size_t i = 0; source_table[i]; i++)
		buf_printf(out, "  %-10s %s\n", source_table[i]->name,
			   source_table[i]->summary);
	buf_puts(out, "\n"
		      "Of CPython 3.8 to 3.15, native and agent read the names, stacks "
		      "and locks of\n"
		      "threads, the GIL, and the tasks of asyncio with what each awaits. "
		      "They do not\n"
		      "read other releases, free-threaded builds, PyPy, tasks of trio, "
		      "or greenlets\n"
		      "of gevent: a note says so. A Lock that was taken without a with "
		      "statement has\n"
		      "no known holder. More is in grmon-c-guide(7), PYTHON.\n");
}

static void put_formats(struct buf *out)
{
	buf_puts(out, "Values of dump -f. ls and diff have text and json; report has "
		      "text, json,\n"
		      "markdown and html.\n"
		      "\n");
	for (size_t i = 0; out_table[i]; i++)
		buf_printf(out, "  %-11s %s\n", out_table[i]->name,
			   out_table[i]->summary);
}

/* Used by lint and shell completion: one name per line, without text. */
static void put_options_list(struct buf *out)
{
	for (int i = 0; i < OPTION_COUNT; i++)
		if (!option_lacks((enum option_id)i))
			buf_printf(out, "option --%s\n", option_table[i].name);
	for (int i = COMMAND_WATCH + 1; i < COMMAND_COUNT; i++)
		if (!command_lacks((enum command_id)i))
			buf_printf(out, "command %s\n", command_table[i].name);
}

static void put_states_list(struct buf *out)
{
	for (int state = 0; state < STATE_COUNT; state++)
		buf_printf(out, "%s\n", state_info(state)->name);
	for (int class = 0; class < CLASS_COUNT; class ++)
		buf_printf(out, "%s\n", state_class_name(class));
	buf_puts(out, "idle\nlong\nstuck\n");
}

static void put_columns_list(struct buf *out)
{
	for (int id = 0; id < COLUMN_COUNT; id++)
		buf_printf(out, "%s\n", column_info(id)->key);
}

static void put_sources_list(struct buf *out)
{
	buf_puts(out, "auto\n");
	for (size_t i = 0; source_table[i]; i++)
		buf_printf(out, "%s\n", source_table[i]->name);
}

static void put_formats_list(struct buf *out)
{
	for (size_t i = 0; out_table[i]; i++)
		buf_printf(out, "%s\n", out_table[i]->name);
}

static const struct topic {
	const char *name;
	void (*put)(struct buf *out);
	bool hidden;
} topics[] = {
	{"states", put_states, false},
	{"columns", put_columns, false},
	{"filter", put_filter, false},
	{"keys", put_keys, false},
	{"sources", put_sources, false},
	{"formats", put_formats, false},
	{"options-list", put_options_list, true},
	{"states-list", put_states_list, true},
	{"columns-list", put_columns_list, true},
	{"sources-list", put_sources_list, true},
	{"formats-list", put_formats_list, true},
};
#define NR_TOPICS (ARRAY_COUNT(topics))

int command_help(struct options *options)
{
	const char *name = options->nr_words > 0 ? options->words[0] : NULL;
	struct suggest suggest;
	struct buf out;

	if (!name)
		return help_program();
	suggest_init(&suggest, name, strlen(name));
	for (size_t i = 0; i < NR_TOPICS; i++) {
		if (strcmp(topics[i].name, name) == 0) {
			buf_init(&out, 0);
			topics[i].put(&out);
			return print_page(&out);
		}
		if (!topics[i].hidden)
			suggest_offer(&suggest, topics[i].name);
	}
	for (int i = COMMAND_WATCH + 1; i < COMMAND_COUNT; i++) {
		if (strcmp(command_table[i].name, name) == 0)
			return help_command((enum command_id)i);
		suggest_offer(&suggest, command_table[i].name);
	}
	cli_complain(
		"there is no help on '%s'%s%s; the topics are states, columns, filter, "
		"keys, sources, formats and the commands",
		name, suggest.best ? "; did you mean " : "",
		suggest.best ? suggest.best : "");
	return CLI_USAGE;
}
