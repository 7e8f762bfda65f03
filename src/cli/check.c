/* SPDX-License-Identifier: MIT */
/* `grmon-c check` watches a process, a file, or a command that it starts, and fails if a
 * limit is broken. */
#include "cli/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/number.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "core/query.h"

#define NUMBER_MOST 999999999
#define USUAL_NS    (30 * CLOCK_SECOND_NS)

static int read_number(const char *name, const char *text, int64_t *number, struct err *e)
{
	if (!number_parse(text, NUMBER_MOST, number))
		return err_set(e, ERR_USAGE, "--%s: '%.40s' is not a number up to %d",
			       name, text, NUMBER_MOST);
	return 0;
}

static int read_rules(struct check *check, struct err *e)
{
	const char *const *value = check->options->value;
	int rc = 0;

	check->wanted[CHECK_STUCK] = value[OPTION_MAX_STUCK] != NULL;
	check->wanted[CHECK_LONG] = value[OPTION_MAX_LONG] != NULL;
	check->wanted[CHECK_TASKS] = value[OPTION_MAX_TASKS] != NULL;
	check->wanted[CHECK_LEAK] = value[OPTION_NO_LEAK] != NULL;
	check->wanted[CHECK_DEADLOCK] = value[OPTION_NO_DEADLOCK] != NULL;
	if (check->wanted[CHECK_STUCK])
		rc = read_number("max-stuck", value[OPTION_MAX_STUCK],
				 &check->most[CHECK_STUCK], e);
	if (rc == 0 && check->wanted[CHECK_LONG])
		rc = read_number("max-long", value[OPTION_MAX_LONG],
				 &check->most[CHECK_LONG], e);
	if (rc == 0 && check->wanted[CHECK_TASKS])
		rc = read_number("max-tasks", value[OPTION_MAX_TASKS],
				 &check->most[CHECK_TASKS], e);
	if (!value[OPTION_MAX_STUCK] && !value[OPTION_MAX_LONG] &&
	    !value[OPTION_MAX_TASKS] && !value[OPTION_NO_LEAK] &&
	    !value[OPTION_NO_DEADLOCK])
		check->wanted[CHECK_LEAK] = check->wanted[CHECK_DEADLOCK] = true;
	if (rc == 0) {
		check->filter = query_new(check->options->settings.filter, e);
		rc = check->filter ? 0 : e->code;
	}
	return rc;
}

/* Returns true if tasks that were blocked before the first sample are not counted as
 * stuck. In a saved file, and in a recording of one snapshot, there are no others. */
static bool has_baseline(const struct check *check)
{
	const struct span *span = &check->span;

	if (check->options->value[OPTION_COUNT_EXISTING] || span->fixed)
		return false;
	return !span->replay || session_place(&span->session)->count > 1;
}

static int check_target(struct check *check)
{
	struct target target;
	int64_t for_ns;
	int rc;

	if (span_length(check->options, USUAL_NS, &for_ns, &check->e) != 0) {
		cli_complain("%s", check->e.text);
		return CLI_USAGE;
	}
	rc = target_find(check->options, &target);
	if (rc == CLI_FINE) {
		rc = span_open(&check->span, check->options, &target, for_ns);
		check->baseline = rc == CLI_FINE && has_baseline(check);
		if (rc == CLI_FINE)
			check_watch(check);
		check->interrupted = span_stopped() && !check->span.ended;
	}
	if (rc == CLI_FINE && (!check->span.last || check->span.ended) &&
	    !check->interrupted && check_broken(check) == 0) {
		cli_complain(
			"%s",
			check->e.code
				? check->e.text
				: "there was no time for a sample; give a longer --for");
		rc = cli_exit_of(&check->e);
	} else if (rc == CLI_FINE) {
		rc = check_say_result(check, CLI_FINE);
	}
	span_close(&check->span);
	target_release(&target);
	return rc;
}

int command_check(struct options *options)
{
	bool command = options->after_dashes;
	struct check check = {.options = options,
			      .command = command,
			      .limited = options->value[OPTION_FOR] != NULL};
	int rc;

	if (read_rules(&check, &check.e) != 0) {
		cli_complain("%s", check.e.text);
		return CLI_USAGE;
	}
	if (command && options->nr_words == 0) {
		cli_complain("a command is missing after --");
		rc = CLI_USAGE;
	} else {
		rc = command ? check_command(&check) : check_target(&check);
	}
	check_release(&check);
	return rc;
}
