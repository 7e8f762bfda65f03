/* SPDX-License-Identifier: MIT */
/* Checks a command. It is started with the agent preloaded, keeps its terminal, input,
 * output and exit status, and is held briefly in its exit for the last sample. */
#include "cli/check.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/program.h"
#include "source/child/exit_trace.h"

/* How long to wait for the agent of a command that has just started. */
#define AGENT_WAIT_NS (CLOCK_SECOND_NS / 2)
#define END_WAIT_MS   3000
#define OWN_END_NS    (CLOCK_SECOND_NS / 3)
#define STEP_NS       (CLOCK_SECOND_NS / 100)
#define EXEC_STEP_MS  50
#define GIVEN_UP      (-1)

struct command {
	pid_t pid;
	struct exit_trace *trace; /* NULL if the command is not held in its exit */
	int fd;                   /* descriptor of the trace */
};

/* Runs in the child: waits until it is traced; reports errno if exec fails. */
static void exec_command(char **words, const char *path, int gate, int report)
{
	char byte;
	int failed;
	ssize_t rc;

	do
		rc = read(gate, &byte, 1);
	while (rc < 0 && errno == EINTR);
	signal(SIGPIPE, SIG_DFL);
	execv(path, words);
	if (errno == ENOEXEC)
		execvp(path, words); /* a script without #! */
	failed = errno;
	rc = write(report, &failed, sizeof(failed));
	(void)rc;
	_exit(127);
}

static void trace_exit(struct command *command, const struct program *program)
{
	struct err e = {0};

	if (program->kind == PROGRAM_SECURE)
		err_set(&e, ERR_PERM,
			"it runs with another user's privileges, which tracing would "
			"take away");
	else
		command->trace = exit_trace_new(command->pid, &e);
	if (command->trace)
		command->fd = exit_trace_fd(command->trace);
	else
		cli_complain(
			"the command cannot be held in its exit for a last sample: %s",
			e.text);
}

/* Abandons the command: the kernel keeps it until the file system answers, and so its
 * trace would block. */
static void abandon(struct command *command)
{
	command->trace = NULL;
	command->fd = -1;
}

/* Returns true after a signal or at the end of --for: starting a program whose file does
 * not answer would take forever. */
static bool is_over(void *ctx)
{
	const int64_t *until_ns = ctx;

	return span_stopped() || clock_mono_ns() >= *until_ns;
}

/* Returns 0, the errno of exec, or GIVEN_UP if neither came in time. */
static int await_exec(int report, int64_t until_ns)
{
	struct pollfd said = {.fd = report, .events = POLLIN};
	int failed = 0;
	ssize_t got;

	while (poll(&said, 1, EXEC_STEP_MS) <= 0)
		if (is_over(&until_ns))
			return GIVEN_UP;
	do
		got = read(report, &failed, sizeof(failed));
	while (got < 0 && errno == EINTR);
	return got == (ssize_t)sizeof(failed) ? failed : 0;
}

/* Returns the same values as await_exec(). */
static int start_child(struct command *command, char **words,
		       const struct program *program, int64_t until_ns)
{
	int gate[2], report[2], failed;

	if (pipe2(gate, O_CLOEXEC) != 0)
		return errno;
	if (pipe2(report, O_CLOEXEC) != 0 || (command->pid = fork()) < 0)
		return errno;
	if (command->pid == 0) {
		close(gate[1]);
		exec_command(words, program->path, gate[0], report[1]);
	}
	close(gate[0]);
	close(report[1]);
	trace_exit(command, program);
	close(gate[1]);
	failed = await_exec(report[0], until_ns);
	close(report[0]);
	if (failed != GIVEN_UP)
		return failed;
	kill(command->pid, SIGKILL);
	abandon(command);
	return failed;
}

/* Returns the exit status as a shell encodes it, or -1 if the command is still running
 * after limit_ms. A negative limit_ms waits without limit. */
static int reap(struct command *command, int limit_ms)
{
	int64_t until_ns = clock_mono_ns() + limit_ms * CLOCK_MS_NS;
	int status = 0;

	if (command->trace) {
		if (!exit_trace_wait(command->trace, limit_ms, &status))
			return -1;
	} else {
		/* With --ptrace the command is stopped at times. */
		while (waitpid(command->pid, &status, limit_ms < 0 ? 0 : WNOHANG) !=
			       command->pid ||
		       WIFSTOPPED(status)) {
			if (limit_ms >= 0 && clock_mono_ns() > until_ns)
				return -1;
			if (limit_ms >= 0)
				clock_sleep_ns(STEP_NS);
		}
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int say_given_up(const struct check *check)
{
	if (span_stopped()) {
		cli_complain("a signal ended the check before its first sample");
		return CLI_ENDED;
	}
	cli_complain("cannot run %s: its file did not answer within the time of --for",
		     check->options->words[0]);
	return CLI_UNWATCHABLE;
}

static int start_command(const struct check *check, struct command *command,
			 int64_t for_ns)
{
	const struct options *options = check->options;
	int64_t until_ns = for_ns > 0 ? clock_add(clock_mono_ns(), for_ns) : INT64_MAX;
	struct program program;
	int rc, failed;

	span_catch_signals();
	rc = program_prepare(options->words[0], &program, is_over, &until_ns);
	if (rc == CLI_ENDED)
		return say_given_up(check);
	if (rc != CLI_FINE)
		return rc;
	failed = start_child(command, options->words, &program, until_ns);
	/* Our own processes must not load the agent. */
	unsetenv("LD_PRELOAD");
	if (failed == 0)
		return CLI_FINE;
	if (failed == GIVEN_UP)
		return say_given_up(check);
	cli_complain("cannot run %s: %s", program.path, strerror(failed));
	if (command->pid > 0) {
		if (command->trace)
			exit_trace_let_go(command->trace);
		reap(command, -1);
	}
	return CLI_UNWATCHABLE;
}

/* Waits for the agent, which answers shortly after the start. A program that cannot load
 * it is not waited for longer than AGENT_WAIT_NS. */
static void wait_for_agent(struct check *check, pid_t pid)
{
	int64_t until_ns = clock_mono_ns() + AGENT_WAIT_NS;
	struct session *session = &check->span.session;

	while (session->access.ops != &source_agent &&
	       session->access.ops != &source_goruntime && clock_mono_ns() < until_ns &&
	       !session_ended(session) && !span_woken(&check->span)) {
		struct err ignored;

		clock_sleep_ns(STEP_NS);
		if (session_attach(session, pid, &ignored) != 0)
			break;
	}
}

/* Ends a command that is still running when the time is up or the result is certain. */
static void end_command(struct command *command)
{
	if (command->trace)
		exit_trace_let_go(command->trace);
	kill(command->pid, SIGTERM);
	kill(command->pid, SIGCONT); /* in case it is stopped */
	if (reap(command, END_WAIT_MS) >= 0)
		return;
	kill(command->pid, SIGKILL);
	if (reap(command, END_WAIT_MS) >= 0)
		return;
	cli_complain("cannot end process %d of the command: it is blocked in the kernel, "
		     "for example on a file system that does not answer",
		     (int)command->pid);
	abandon(command);
}

/* If the running command cannot be sampled, waits until it ends or a signal arrives. */
static void wait_for_end(const struct command *command)
{
	struct pollfd end = {.fd = command->fd, .events = POLLIN};

	while (command->trace && !span_stopped() && poll(&end, 1, -1) < 0 &&
	       errno == EINTR)
		;
}

/* A signal may have gone to the whole job. Then the command is about to end by itself. */
static void wait_for_own_end(const struct check *check)
{
	int64_t until_ns = clock_mono_ns() + OWN_END_NS;

	while (!span_woken(&check->span) && !session_ended(&check->span.session) &&
	       clock_mono_ns() < until_ns)
		clock_sleep_ns(STEP_NS);
}

static int finish_command(struct check *check, struct command *command)
{
	struct span *span = &check->span;
	int status;

	if (!span->last && !check_decided(check))
		wait_for_end(command);
	if (span_stopped())
		wait_for_own_end(check);
	if (!span->ended && !span_woken(span) && (span->last || span_stopped()) &&
	    !session_ended(&span->session)) {
		check->interrupted = span_stopped();
		end_command(command);
		return 0;
	}
	if (command->trace) {
		/* A command killed by a signal was interrupted in the middle of its
		 * work. */
		if (exit_trace_state(command->trace) == EXIT_HELD &&
		    !exit_trace_killed(command->trace))
			check_sample_exit(check, command->pid,
					  exit_trace_held_ns(command->trace));
		exit_trace_let_go(command->trace);
	}
	status = reap(command, -1);
	if (status != 0)
		cli_complain("%s ended with status %d", check->options->words[0], status);
	return status;
}

int check_command(struct check *check)
{
	struct command command = {.fd = -1};
	struct target target = {0};
	const char *lost;
	int64_t for_ns;
	int rc, status;

	if (span_length(check->options, 0, &for_ns, &check->e) != 0) {
		cli_complain("%s", check->e.text);
		return CLI_USAGE;
	}
	rc = start_command(check, &command, for_ns);
	if (rc == CLI_FINE) {
		target.pid = command.pid;
		check->span.wake_fd = command.trace ? &command.fd : NULL;
		if (span_open(&check->span, check->options, &target, for_ns) ==
		    CLI_FINE) {
			wait_for_agent(check, command.pid);
			check_watch(check);
		}
		status = finish_command(check, &command);
		lost = command.trace ? exit_trace_lost(command.trace) : NULL;
		if (lost && !check->at_exit.snapshot)
			cli_complain(
				"no last sample was taken when the command ended: %s",
				lost);
		rc = check_say_result(check, status);
		span_close(&check->span);
	}
	exit_trace_free(command.trace);
	return rc;
}
