/* SPDX-License-Identifier: MIT */
/* The process that was started; it waits for the child that does the work. */
#include "cli/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/worker.h"
#include "cli/cli.h"
#include "source/proc/process.h"

#define MOUNTS_MAX   (4u << 20)
#define USUAL_MS     1000
#define HURRY_MS     20
#define HURRY_FOR_NS (3 * CLOCK_SECOND_NS)

struct supervisor {
	pid_t child;
	int signals; /* a signalfd */
	int alive;   /* closed when the child reports its end */
	int64_t hurry_until_ns;
};

/* Parses a line of mountinfo, such as "36 35 0:48 / /mnt rw - nfs4 server:/x rw". Returns
 * true if another process or host serves this type of file system. */
static bool is_served(const char *line)
{
	static const char *const types[] = {
		"fuse", "nfs",  "cifs",  "smb",    "9p",     "ceph",     "afs",
		"coda", "gfs2", "ocfs2", "lustre", "beegfs", "orangefs", "virtiofs"};
	const char *type = strstr(line, " - ");

	for (size_t i = 0; type && i < ARRAY_COUNT(types); i++)
		if (text_starts_with(type + 3, types[i]))
			return true;
	return false;
}

static bool sees_served(struct process process)
{
	bool served = false;
	char *rest;
	struct buf text;

	buf_init(&text, MOUNTS_MAX);
	if (process_text_all(&process, PROCESS_MOUNTS, &text, MOUNTS_MAX, NULL) == 0 &&
	    text.length > 0) {
		rest = text.bytes;
		for (char *line; !served && (line = strsep(&rest, "\n"));)
			served = is_served(line);
	}
	buf_release(&text);
	return served;
}

static bool is_needed(const struct options *options)
{
	const char *word = options->nr_words > 0 ? options->words[0] : "";
	pid_t pid = options->pid;

	switch (options->command) {
	case COMMAND_WATCH:
	case COMMAND_LS:
	case COMMAND_DUMP:
	case COMMAND_RECORD:
	case COMMAND_REPORT:
	case COMMAND_DIFF:
	case COMMAND_CHECK:
	case COMMAND_EXPORT:
		break;
	case COMMAND_RUN: /* without a terminal the command gets our pid */
		if (cli_has_terminal())
			break;
		return false;
	default:
		return false;
	}
	if (sees_served(process_self()))
		return true;
	if (pid <= 0 && word[0] && word[strspn(word, "0123456789")] == '\0')
		pid = (pid_t)strtol(word, NULL, 10);
	/* The target may be in a container with its own mounts. */
	return pid > 0 && sees_served(process_named(pid));
}

static void end_like(int status)
{
	const struct rlimit none = {0, 0};
	int number = WTERMSIG(status);
	sigset_t set;

	if (WIFEXITED(status))
		_exit(WEXITSTATUS(status));
	setrlimit(RLIMIT_CORE, &none);
	signal(number, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, number);
	raise(number);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	_exit(128 + number);
}

/* Returns true if the child's first thread has ended, and so its work, while other
 * threads are stuck in the kernel. */
static bool has_lingered(pid_t child, int *status)
{
	struct process process = process_named(child);
	struct proc_stat stat;

	if (process_stat(&process, &stat) != 0 || stat.state != 'Z')
		return false;
	*status = stat.exit_status;
	return true;
}

static void check_child(struct supervisor *s)
{
	int status;
	pid_t got = waitpid(s->child, &status, WNOHANG | WUNTRACED);

	if (got == s->child && WIFSTOPPED(status)) {
		/* Our parent waits for us to stop, too; its SIGCONT continues us and then
		 * the child. */
		raise(SIGSTOP);
		kill(s->child, SIGCONT);
	} else if (got == s->child || (got < 0 && errno == ECHILD)) {
		end_like(got < 0 ? 0 : status);
	} else if (has_lingered(s->child, &status)) {
		/* The child may have been reaped a moment ago. */
		if (waitpid(s->child, &status, WNOHANG) == s->child ||
		    has_lingered(s->child, &status))
			end_like(status);
	}
}

/* The terminal's signals reach the child directly. */
static void take_signal(struct supervisor *s)
{
	struct signalfd_siginfo info;

	if (read(s->signals, &info, sizeof(info)) != (ssize_t)sizeof(info) ||
	    info.ssi_signo == SIGCHLD)
		return;
	if (info.ssi_code <= 0)
		kill(s->child, (int)info.ssi_signo);
	s->hurry_until_ns = clock_mono_ns() + HURRY_FOR_NS;
}

static void wait_for_child(struct supervisor *s)
{
	for (;;) {
		bool hurry = clock_mono_ns() < s->hurry_until_ns;
		struct pollfd fds[] = {{s->signals, POLLIN, 0}, {s->alive, POLLIN, 0}};

		poll(fds, 2, hurry ? HURRY_MS : USUAL_MS);
		if (fds[0].revents)
			take_signal(s);
		if (fds[1].revents) {
			close(s->alive);
			s->alive = -1;
			s->hurry_until_ns = clock_mono_ns() + HURRY_FOR_NS;
		}
		check_child(s);
	}
}

void supervise_begin(const struct options *options)
{
	struct supervisor s = {.signals = -1};
	pid_t parent = getpid();
	sigset_t all, before;
	int alive[2];

	if (!is_needed(options) || pipe2(alive, O_CLOEXEC) != 0)
		return;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	s.signals = signalfd(-1, &all, SFD_CLOEXEC);
	s.child = s.signals >= 0 ? fork() : -1;
	if (s.child > 0) {
		close(alive[1]);
		s.alive = alive[0];
		wait_for_child(&s);
	}
	if (s.signals >= 0)
		close(s.signals);
	close(alive[0]);
	if (s.child < 0)
		close(alive[1]); /* continue without the pipe */
	if (s.child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(128 + SIGKILL);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
}

int supervise_end(int status)
{
	if (worker_lost() == 0)
		return status;
	/* A thread that stays would keep our output open, and its reader waiting. */
	fflush(NULL);
	syscall(SYS_close_range, 0, ~0u, 0);
	_exit(status);
}
