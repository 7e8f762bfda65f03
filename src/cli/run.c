/* SPDX-License-Identifier: MIT */
/* `grmon-c run`: if there is a terminal, the command is a child in its own session, so
 * that it cannot write to the view's screen. Otherwise it replaces this process. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/program.h"
#include "cli/session_options.h"
#include "cli/span.h"
#include "cli/watch.h"

#define END_PATIENCE_MS 3000

struct child {
	pid_t pid;
	bool reaped;
	int status;
	char log[PATH_MAX]; /* the file for its output */
	bool log_is_ours;   /* we chose its name: it is removed if it stays empty */
};

static int open_log(const struct options *options, struct child *child)
{
	const char *path = options->value[OPTION_OUTPUT], *folder = getenv("TMPDIR");
	int fd;

	if (path) {
		snprintf(child->log, sizeof(child->log), "%s", path);
		fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	} else {
		snprintf(child->log, sizeof(child->log), "%s/grmon-c-run-XXXXXX",
			 folder && folder[0] == '/' ? folder : "/tmp");
		fd = mkostemp(child->log, O_CLOEXEC | O_APPEND);
		child->log_is_ours = true;
	}
	if (fd < 0)
		cli_complain(
			"cannot write %s: %s; use --output FILE to choose another file",
			child->log, strerror(errno));
	return fd;
}

/* Runs in the child. Reports errno through `report`, which exec closes when it
 * succeeds. */
static void exec_command(char *const *words, const char *path, int log, int report,
			 bool keep, pid_t parent)
{
	int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC), failed;
	ssize_t written;

	setsid();
	signal(SIGPIPE, SIG_DFL);
	if (!keep) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() != parent)
			_exit(127);
	}
	if (nothing >= 0)
		dup2(nothing, STDIN_FILENO);
	dup2(log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	execv(path, words);
	if (errno == ENOEXEC)
		execvp(path, words); /* a script without #! */
	failed = errno;
	written = write(report, &failed, sizeof(failed));
	(void)written;
	_exit(127);
}

static int start_child(const struct options *options, const char *path,
		       struct child *child)
{
	int report[2], failed = 0, log = open_log(options, child);
	pid_t parent = getpid();
	ssize_t got;

	if (log < 0)
		return CLI_USAGE;
	if (pipe2(report, O_CLOEXEC) != 0 || (child->pid = fork()) < 0) {
		cli_complain("cannot start %s: %s", options->words[0], strerror(errno));
		close(log);
		return CLI_UNWATCHABLE;
	}
	if (child->pid == 0)
		exec_command(options->words, path, log, report[1],
			     options->value[OPTION_KEEP] != NULL, parent);
	close(log);
	close(report[1]);
	do
		got = read(report[0], &failed, sizeof(failed));
	while (got < 0 && errno == EINTR);
	close(report[0]);
	if (got != (ssize_t)sizeof(failed))
		return CLI_FINE;
	waitpid(child->pid, NULL, 0);
	if (child->log_is_ours)
		unlink(child->log);
	cli_complain("cannot run %s: %s", path, strerror(failed));
	return CLI_UNWATCHABLE;
}

static void describe_status(int code, int status, char *text, size_t size)
{
	if (code == CLD_EXITED)
		snprintf(text, size, "exit status %d", status);
	else
		snprintf(text, size, "signal %d (%s)", status, strsignal(status));
}

/* Called by the poller's thread. It does not reap the child, so that the pid is not
 * reused. */
static bool describe_end(void *end_ctx, pid_t pid, char *text, size_t size)
{
	const struct child *child = end_ctx;
	siginfo_t info = {0};

	if (pid != child->pid ||
	    waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
	    info.si_pid != pid)
		return false;
	describe_status(info.si_code, info.si_status, text, size);
	return true;
}

/* Returns true if the child ended within this time. */
static bool wait_for_end(const struct child *child, int limit_ms)
{
	struct pollfd ended = {.fd = (int)syscall(SYS_pidfd_open, child->pid, 0),
			       .events = POLLIN};
	int rc;

	if (ended.fd < 0)
		return errno == ESRCH;
	do
		rc = poll(&ended, 1, limit_ms);
	while (rc < 0 && errno == EINTR);
	close(ended.fd);
	return rc > 0;
}

static void say_end(const struct options *options, const struct child *child)
{
	const char *name = options->words[0];
	char how[128] = "";
	struct stat log;

	if (describe_end((void *)child, child->pid, how, sizeof(how)))
		cli_complain("%s ended with %s", name, how);
	if (child->log_is_ours && stat(child->log, &log) == 0 && log.st_size == 0 && *how)
		unlink(child->log);
	else
		cli_complain("the output of %s is in %s", name, child->log);
}

static void end_child(const struct options *options, const struct child *child)
{
	if (!wait_for_end(child, 0)) {
		if (options->value[OPTION_KEEP]) {
			cli_complain("%s is still running as process %d",
				     options->words[0], (int)child->pid);
			say_end(options, child);
			return;
		}
		kill(-child->pid, SIGTERM);
		if (!wait_for_end(child, END_PATIENCE_MS))
			cli_complain("%s did not end on SIGTERM; it is still running as "
				     "process %d",
				     options->words[0], (int)child->pid);
	}
	say_end(options, child);
	waitpid(child->pid, NULL, WNOHANG);
}

static int watch_child(struct options *options, const char *path)
{
	struct child child = {0};
	struct watch watch = {.options = options,
			      .title = options->words[0],
			      .describe_end = describe_end,
			      .end_ctx = &child,
			      .stopped = span_stopped};
	struct session_options session_options = session_options_from(options);
	struct session session;
	struct err e = {0};
	int rc = start_child(options, path, &child);

	if (rc != CLI_FINE)
		return rc;
	/* From now on a signal ends the view, but not us before the command has ended. */
	span_catch_signals();
	session_options.stopped = span_stopped;
	rc = session_init(&session, &session_options, &e);
	if (rc == 0)
		rc = session_attach(&session, child.pid, &e);
	if (rc == 0) {
		rc = watch_target(&watch, &session);
	} else if (!span_stopped()) {
		cli_complain("%s", e.text);
		rc = wait_for_end(&child, 0) ? CLI_ENDED : cli_exit_of(&e);
	}
	session_release(&session);
	end_child(options, &child);
	span_end_by_signal();
	return rc;
}

/* CMD keeps our pid, and so its own output, signals and exit status. */
static int become_command(struct options *options, const char *path)
{
	const char *file = options->value[OPTION_OUTPUT];
	struct child here = {0};

	if (file) {
		int log = open_log(options, &here);

		if (log < 0)
			return CLI_USAGE;
		fflush(stdout);
		dup2(log, STDOUT_FILENO);
	}
	cli_complain(
		"the view needs a terminal; watch this command from one with: grmon-c %d",
		(int)getpid());
	if (file)
		dup2(STDOUT_FILENO, STDERR_FILENO);
	signal(SIGPIPE, SIG_DFL);
	execv(path, options->words);
	if (errno == ENOEXEC)
		execvp(path, options->words);
	cli_complain("cannot run %s: %s", path, strerror(errno));
	return CLI_UNWATCHABLE;
}

int command_run(struct options *options)
{
	const char *ancestors = options->value[OPTION_ANCESTORS];
	struct program program;
	struct err e = {0};
	int rc;

	if (ancestors && program_set_ancestors(ancestors, &e) != 0) {
		cli_complain("%s", e.text);
		return e.code == ERR_USAGE ? CLI_USAGE : cli_exit_of(&e);
	}
	rc = program_prepare(options->words[0], &program, NULL, NULL);

	if (rc != CLI_FINE)
		return rc;
	return cli_has_terminal() ? watch_child(options, program.path)
				  : become_command(options, program.path);
}
