/* SPDX-License-Identifier: MIT */
/* All lists are generated from the tables that the program itself uses. */
#include "cli/help.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/suggest.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "core/column.h"
#include "core/state.h"
#include "grmon.h"
#include "out/out.h"
#include "source/source.h"
#include "tui/tui.h"

static int print(struct buf *out)
{
	struct err e = {0};
	int rc = cli_write(STDOUT_FILENO, "the standard output", out, &e);

	if (rc != 0)
		cli_complain("%s", e.text);
	buf_release(out);
	return rc ? CLI_USAGE : CLI_FINE;
}

static void put_option(struct buf *out, const struct option_info *info)
{
	char spelt[80];

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
static int takers(enum option_id option)
{
	return __builtin_popcount(option_table[option].commands & ~(1u << COMMAND_HELP));
}

/* Prints the options of this command alone. */
static void put_own(struct buf *out, enum command_id command)
{
	bool any = false;

	for (int i = 0; i < OPTION_COUNT; i++) {
		if (option_table[i].commands != 1u << command)
			continue;
		if (!any)
			buf_printf(out, "\nOnly %s:\n",
				   command == COMMAND_WATCH
					   ? "the view"
					   : command_table[command].name);
		any = true;
		put_option(out, &option_table[i]);
	}
}

static void put_all_options(struct buf *out)
{
	int shared = takers(OPTION_SOURCE);

	buf_puts(out, "\nOptions of every command:\n");
	for (int i = 0; i < OPTION_COUNT; i++)
		if (takers(i) == shared)
			put_option(out, &option_table[i]);
	buf_puts(out, "\nOf several commands; 'grmon-c COMMAND --help' says of which:\n");
	for (int i = 0; i < OPTION_COUNT; i++)
		if (takers(i) > 1 && takers(i) < shared)
			put_option(out, &option_table[i]);
	for (int i = 0; i < COMMAND_COUNT; i++)
		put_own(out, (enum command_id)i);
}

static int help_program(void)
{
	struct buf out;

	buf_init(&out, 0);
	buf_puts(&out,
		 "grmon-c shows what every thread and goroutine of a running Linux "
		 "process is\n"
		 "blocked on, since when, who holds it and who started it. It never "
		 "stops the\n"
		 "process.\n\n"
		 "Usage:\n");
	for (int i = 0; i < COMMAND_COUNT; i++)
		put_usage(&out, &command_table[i]);
	buf_puts(
		&out,
		"\nTARGET is a pid, the name of a process or of its script (app.py), the "
		"URL of\n"
		"Go's net/http/pprof, a recording, a dump, a log with goroutines, or - "
		"for the\n"
		"standard input.\n"
		"\nExamples:\n"
		"  grmon-c 4711                        watch process 4711\n"
		"  grmon-c --stuck 5s,poll=1m server   watch 'server', with other "
		"limits\n"
		"  grmon-c --filter 'state:lock age>5s' server\n"
		"                                      only who waits long for a lock\n"
		"  grmon-c run -- ./server -p 8080     start a program with the agent "
		"inside\n"
		"  grmon-c dump -f json server | jq '.tasks[] | select(.stuck)'\n"
		"                                      the stuck ones, for a script\n");
	put_all_options(&out);
	buf_puts(
		&out,
		"\nDurations: 500ms, 10s, 5m, 2h; a bare number is seconds.\n"
		"Settings: $XDG_CONFIG_HOME/grmon-c/config.json, written by W in the "
		"view.\n"
		"Exit status: 0 fine; 1 check found something, or report --fail a leak,\n"
		"diff --fail more tasks; 2 wrong usage; 3 the target cannot be watched; "
		"4 the\n"
		"target ended before the command could do its work, or a signal ended "
		"check.\n"
		"More: grmon-c help states, columns, filter, keys, sources, formats; "
		"man grmon-c\n");
	return print(&out);
}

/* Additional text and examples for each command. */
static const char *const details[COMMAND_COUNT] = {
	[COMMAND_RUN] =
		"CMD runs without a terminal: its output goes to FILE, or to a new file "
		"whose\n"
		"name is said. It gets SIGTERM when the view is left, unless --keep is "
		"given.\n"
		"Where there is no terminal for the view, CMD simply runs with the agent "
		"inside.\n\n"
		"  grmon-c run -o server.log -- ./server -p 8080\n",
	[COMMAND_LS] =
		"SOURCE is what 'grmon-c PID' would take; those with an agent come "
		"first.\nFormats are text and json.\n",
	[COMMAND_DUMP] =
		"Two looks, a tenth of a second apart; of a recording, one of its "
		"pictures.\n\n"
		"  grmon-c dump server --filter state:stuck --stacks\n"
		"  grmon-c dump server -f folded | flamegraph.pl >waits.svg\n"
		"  grmon-c dump server.grmon --at -5m\n",
	[COMMAND_RECORD] =
		"Appends to FILE until ^C, --for, or the end of TARGET; '-' is the "
		"standard\n"
		"output. 'grmon-c FILE' shows it, 'grmon-c report FILE' judges it.\n\n"
		"  grmon-c record server -o server.grmon --rotate 10M --keep-files 4\n"
		"  ssh host grmon-c record server -o - | grmon-c -\n",
	[COMMAND_REPORT] =
		"A process is watched for 30 seconds, or as long as --for says; a "
		"recording is\n"
		"read as a whole. Formats are text, json, markdown and html.\n\n"
		"  grmon-c report server --for 5m -f html -o leaks.html\n",
	[COMMAND_DIFF] = "A and B are recordings, dumps in JSON, profiles, goroutines as "
			 "Go prints "
			 "them,\n"
			 "or processes. Without B: the first and the last picture of the "
			 "recording "
			 "A.\n"
			 "Formats are text and json.\n\n"
			 "  grmon-c dump server -f json >before.json\n"
			 "  grmon-c diff before.json server\n",
	[COMMAND_CHECK] =
		"Without a limit: --no-leak and --no-deadlock. A process is watched for "
		"30\n"
		"seconds, or as long as --for says; CMD gets the agent and is watched "
		"until it\n"
		"ends, where it is held for a last look: what is left blocked then "
		"counts.\n"
		"Its exit status is kept, unless that is 0 and something is found.\n\n"
		"  grmon-c check --no-leak --max-stuck 0 -- ./my-tests\n",
	[COMMAND_EXPORT] = "TARGET is a pid, a URL, a name, which stands for all "
			   "processes that have "
			   "it, now\n"
			   "and later, or cgroup:/PATH.\n\n"
			   "  grmon-c export server cgroup:/system.slice/db.service\n"
			   "  curl http://127.0.0.1:9847/metrics\n",
	[COMMAND_HELP] =
		"Topics: states, columns, filter, keys, sources, formats, commands.\n",
};

int help_command(enum command_id command)
{
	struct buf out;

	if (command == COMMAND_WATCH)
		return help_program();
	buf_init(&out, 0);
	buf_puts(&out, "Usage:\n");
	put_usage(&out, &command_table[command]);
	buf_printf(&out, "\n%s\nOptions:\n", details[command]);
	for (int i = 0; i < OPTION_COUNT; i++)
		if (option_table[i].commands & 1u << command)
			put_option(&out, &option_table[i]);
	return print(&out);
}

int help_version(void)
{
	struct buf out;

	buf_init(&out, 0);
	buf_puts(&out, "grmon-c " GRMON_VERSION "\n");
	return print(&out);
}

static void put_states(struct buf *out)
{
	buf_puts(out,
		 "What a task can be blocked on; * is idle, and stuck only where --stuck "
		 "names it.\n");
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
	buf_puts(out, "For --columns, --sort and the filter (name, other name):\n\n");
	for (int id = 0; id < COLUMN_COUNT; id++) {
		const struct column *column = column_info(id);

		buf_printf(out, "  %-10s %-9s %s\n", column->key,
			   column->alias ? column->alias : "", column->help);
	}
	buf_puts(out, "\n--columns id,state,age shows these; --columns +labels,-cpu "
		      "changes the "
		      "usual ones.\n--sort age:desc, --sort name.\n");
}

static void put_filter(struct buf *out)
{
	buf_puts(out,
		 "A filter is a list of words. A row is shown when all of them match.\n\n"
		 "  word          any column contains it\n"
		 "  col:text      this column contains text\n"
		 "  col=text      this column is text\n"
		 "  col~regex     this column matches (POSIX extended)\n"
		 "  col>value     above; also < >= <=; for age, cpu, switches\n"
		 "  state:x       a state or a class ('grmon-c help states'), idle, long "
		 "or stuck;\n"
		 "                in quotes any word that a runtime has for it\n"
		 "  id:g8         that task alone\n"
		 "  label.key:x   a label\n"
		 "  !word         not\n"
		 "  a | b         either\n"
		 "  (a | b) c     grouping\n"
		 "  \"a b\"         with a space inside\n\n"
		 "Case counts only where a word has an upper-case letter.\n\n"
		 "  state:chan-send age>30s\n"
		 "  fn~^handle_ !state:idle\n"
		 "  state:lock | state:io-read\n"
		 "  label.request:/api\n");
}

static void put_keys(struct buf *out)
{
	buf_puts(out, "In the view:\n\n");
	for (size_t i = 0; tui_key_help[i].keys; i++)
		buf_printf(out, "  %-18s %s\n", tui_key_help[i].keys,
			   tui_key_help[i].text);
}

static void put_sources(struct buf *out)
{
	buf_puts(out, "For --source; 'auto' takes the first one that fits.\n\n");
	for (size_t i = 0; source_table[i]; i++)
		buf_printf(out, "  %-10s %s\n", source_table[i]->name,
			   source_table[i]->summary);
}

static void put_formats(struct buf *out)
{
	buf_puts(out, "For dump -f; ls, diff and report have text and json, report "
		      "markdown and html:\n\n");
	for (size_t i = 0; out_table[i]; i++)
		buf_printf(out, "  %-11s %s\n", out_table[i]->name,
			   out_table[i]->summary);
}

/* Used by lint and shell completion: one name per line, without text. */
static void put_options_list(struct buf *out)
{
	for (int i = 0; i < OPTION_COUNT; i++)
		buf_printf(out, "option --%s\n", option_table[i].name);
	for (int i = COMMAND_WATCH + 1; i < COMMAND_COUNT; i++)
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
#define NR_TOPICS (sizeof(topics) / sizeof(topics[0]))

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
			return print(&out);
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
		"there is no help on '%s'%s%s; topics are states, columns, filter, keys, "
		"sources and formats",
		name, suggest.best ? "; did you mean " : "",
		suggest.best ? suggest.best : "");
	return CLI_USAGE;
}
