/* SPDX-License-Identifier: MIT */
/* Watches a process, or a command that it starts with the agent inside, and fails when a
 * limit is broken. The command keeps the terminal, its input and its output. */
#include "cli/check.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/program.h"
#include "core/query.h"

#define USUAL_NS      (30 * CLOCK_SECOND_NS)
#define AGENT_WAIT_NS (CLOCK_SECOND_NS / 2) /* for the agent of a new command */
#define END_WAIT_NS   (3 * CLOCK_SECOND_NS)
#define STEP_NS       (CLOCK_SECOND_NS / 100)

static int read_number(const char *name, const char *text, int64_t *number, struct err *e)
{
	if (!*text || strspn(text, "0123456789") != strlen(text) || strlen(text) > 9)
		return err_set(e, ERR_USAGE, "--%s: '%s' is no number", name, text);
	*number = strtoll(text, NULL, 10);
	return 0;
}

static int read_rules(struct check *check, struct err *e)
{
	const char *const *value = check->options->value;
	int rc = 0;

	check->wanted[CHECK_STUCK] = value[OPTION_MAX_STUCK] != NULL;
	check->wanted[CHECK_TASKS] = value[OPTION_MAX_TASKS] != NULL;
	check->wanted[CHECK_LEAK] = value[OPTION_NO_LEAK] != NULL;
	check->wanted[CHECK_DEADLOCK] = value[OPTION_NO_DEADLOCK] != NULL;
	if (check->wanted[CHECK_STUCK])
		rc = read_number("max-stuck", value[OPTION_MAX_STUCK],
				 &check->most[CHECK_STUCK], e);
	if (rc == 0 && check->wanted[CHECK_TASKS])
		rc = read_number("max-tasks", value[OPTION_MAX_TASKS],
				 &check->most[CHECK_TASKS], e);
	if (!value[OPTION_MAX_STUCK] && !value[OPTION_MAX_TASKS] &&
	    !value[OPTION_NO_LEAK] && !value[OPTION_NO_DEADLOCK])
		check->wanted[CHECK_LEAK] = check->wanted[CHECK_DEADLOCK] = true;
	if (rc == 0) {
		check->filter = query_new(check->options->settings.filter, e);
		rc = check->filter ? 0 : e->code;
	}
	return rc;
}

static void nap(void)
{
	struct timespec step = {0, STEP_NS};

	nanosleep(&step, NULL);
}

/* Looks until it is over, and then until a doubt is settled. */
static void watch(struct check *check)
{
	struct span *span = &check->span;

	while (span_next(span, &check->e))
		check_look(check);
	for (uint32_t i = 0; i < CHECK_RETRIES && check_undecided(check) &&
			     !span->ended && !span_stopped() && !span->replay;
	     i++) {
		span->end_ns = INT64_MAX;
		if (!span_next(span, &check->e))
			break;
		check_look(check);
	}
}

/* Exit code of what was found; `fine`: of nothing. */
static int say_result(const struct check *check, int fine)
{
	const struct span *span = &check->span;
	char time[CLOCK_DURATION_MAX];
	struct err e = {0};
	struct buf out;
	int rc = CLI_FOUND;

	if (check_broken(check) == 0 && span->looks == 0) {
		fprintf(stderr, "grmon-c: it ended before check could look at it.\n");
		return fine;
	}
	if (check_broken(check) == 0) {
		fprintf(stderr, "grmon-c: check passed: %llu looks in %s.\n",
			(unsigned long long)span->looks,
			clock_format_duration(span->last_ns - span->first_ns, time));
		return fine;
	}
	buf_init(&out, 0);
	check_print(check, &out);
	if (cli_write(STDOUT_FILENO, "the standard output", &out, &e) != 0) {
		cli_complain("%s", e.text);
		rc = CLI_USAGE;
	}
	buf_release(&out);
	return rc;
}

static int check_target(struct check *check)
{
	const char *other = cli_other_target(check->options);
	int64_t for_ns;
	pid_t pid = 0;
	int rc;

	if (span_length(check->options, USUAL_NS, &for_ns, &check->e) != 0) {
		cli_complain("%s", check->e.text);
		return CLI_USAGE;
	}
	rc = other ? CLI_FINE : cli_resolve(check->options, &pid);
	if (rc == CLI_FINE) {
		check->baseline = true;
		rc = span_open(&check->span, check->options, pid, other, for_ns);
		if (rc == CLI_FINE)
			watch(check);
	}
	if (rc == CLI_FINE && (!check->span.last || check->span.ended) &&
	    check_broken(check) == 0) {
		cli_complain("%s", check->e.code ? check->e.text
						 : "there was no time for a look");
		rc = cli_exit_of(&check->e);
	} else if (rc == CLI_FINE) {
		rc = say_result(check, CLI_FINE);
	}
	span_close(&check->span);
	return rc;
}

static int start(const struct check *check, pid_t *pid)
{
	const struct options *options = check->options;
	posix_spawnattr_t attributes;
	char path[PATH_MAX];
	sigset_t defaults;
	int rc = program_prepare(options->words[0], path, sizeof(path));

	if (rc != CLI_FINE)
		return rc;
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	rc = posix_spawn(pid, path, NULL, &attributes, options->words, environ);
	posix_spawnattr_destroy(&attributes);
	/* Ours is not the agent's business. */
	unsetenv("LD_PRELOAD");
	if (rc == 0)
		return CLI_FINE;
	cli_complain("cannot run %s: %s", path, strerror(rc));
	return CLI_UNWATCHABLE;
}

/* The agent answers a moment after the start; a program that cannot have one is not waited
 * for longer than that. */
static void wait_for_agent(struct check *check, pid_t pid)
{
	int64_t until_ns = clock_mono_ns() + AGENT_WAIT_NS;
	struct look *look = &check->span.look;

	while (look->ops != source_table[0] && clock_mono_ns() < until_ns &&
	       !look_ended(look)) {
		struct err ignored;

		nap();
		if (look_attach(look, pid, &ignored) != 0)
			break;
	}
}

/* Its exit status as a shell has it; -1: it still runs. */
static int reap(pid_t pid, bool wait)
{
	int status;

	/* --ptrace stops it at times. */
	if (waitpid(pid, &status, wait ? 0 : WNOHANG) != pid || WIFSTOPPED(status))
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* When the time is over before the command is. */
static void end_command(pid_t pid)
{
	int64_t until_ns = clock_mono_ns() + END_WAIT_NS;

	kill(pid, SIGTERM);
	while (reap(pid, false) < 0) {
		if (clock_mono_ns() > until_ns) {
			kill(pid, SIGKILL);
			reap(pid, true);
			return;
		}
		nap();
	}
}

static int check_command(struct check *check)
{
	int64_t for_ns;
	pid_t pid = 0;
	int rc, status = 0;

	if (span_length(check->options, 0, &for_ns, &check->e) != 0) {
		cli_complain("%s", check->e.text);
		return CLI_USAGE;
	}
	rc = start(check, &pid);
	if (rc != CLI_FINE)
		return rc;
	if (span_open(&check->span, check->options, pid, NULL, for_ns) == CLI_FINE) {
		wait_for_agent(check, pid);
		watch(check);
	}
	if (check->span.ended || look_ended(&check->span.look) || !check->span.last)
		status = reap(pid, true);
	else
		end_command(pid);
	if (status != 0)
		cli_complain("%s ended with status %d", check->options->words[0], status);
	rc = say_result(check, status);
	span_close(&check->span);
	return rc;
}

int command_check(struct options *options)
{
	struct check check = {.options = options};
	bool command = options->after_dashes;
	int rc;

	if (read_rules(&check, &check.e) != 0) {
		cli_complain("%s", check.e.text);
		return CLI_USAGE;
	}
	if (!command && options->nr_words > 1) {
		cli_complain("'grmon-c check' takes one TARGET; a command to start "
			     "stands behind --: grmon-c check -- %s %s",
			     options->words[0], options->words[1]);
		rc = CLI_USAGE;
	} else if (command && options->nr_words == 0) {
		cli_complain("there is no command behind --");
		rc = CLI_USAGE;
	} else {
		rc = command ? check_command(&check) : check_target(&check);
	}
	check_release(&check);
	return rc;
}
