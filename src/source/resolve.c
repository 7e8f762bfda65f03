/* SPDX-License-Identifier: MIT */
/* Resolves what the user typed to a process. Reads only files that any user may read, and not
 * by libproc2: arguments and executables are compared, in whichever thread attaches. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "source/proc/arguments.h"
#include "source/processes.h"

#define MATCHES_SHOWN 6
#define COMMAND_SHOWN 40
#define KERNEL_COMM   15u

struct match {
	pid_t pid;
	size_t count;
	char list[ERR_TEXT_MAX];
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Returns the command line with blanks between words, or comm in brackets if it is empty.
 * */
static void read_command(pid_t pid, struct pages *pages, const char *comm, char *out,
			 size_t size)
{
	struct process process = process_named(pid);
	ssize_t got = arguments_read(&process, pages, ARGUMENTS_COMMAND, out, size);

	for (ssize_t i = 0; i + 1 < got; i++)
		if (iscntrl((unsigned char)out[i]))
			out[i] = ' ';
	/* Servers that overwrite it with their title leave blanks at the end. */
	while (got > 0 && (out[got - 1] == ' ' || out[got - 1] == '\0'))
		out[--got] = '\0';
	if (got <= 0)
		snprintf(out, size, "[%s]", comm);
}

bool source_is_self(pid_t pid)
{
	struct process parent = process_named(pid), self = process_self();
	char own[PROC_TEXT_MAX], its[PROC_TEXT_MAX];

	if (pid == getpid())
		return true;
	if (pid != getppid())
		return false;
	return process_exe(&self, own, sizeof(own)) > 0 &&
	       process_exe(&parent, its, sizeof(its)) > 0 && strcmp(own, its) == 0;
}

/* Compares the kernel's short name, the executable, and the first word of the command. */
static bool has_process_name(pid_t pid, struct pages *pages, const char *name,
			     char *command, size_t size)
{
	struct process process = process_named(pid);
	char text[PROC_TEXT_MAX];
	struct proc_stat stat;

	if (process_stat(&process, &stat) != 0 || proc_has_ended(&stat) ||
	    (stat.kernel_flags & PROC_PF_KTHREAD))
		return false;
	bool same = strcmp(stat.comm, name) == 0 ||
		    (strlen(name) > KERNEL_COMM && strlen(stat.comm) == KERNEL_COMM &&
		     strncmp(stat.comm, name, KERNEL_COMM) == 0);

	/* The kernel truncates long names, so the executable must match as well. */
	if (!same || strlen(name) > KERNEL_COMM) {
		if (process_exe(&process, text, sizeof(text)) > 0)
			same = strcmp(base_name(text), name) == 0 ||
			       (same && strlen(name) <= KERNEL_COMM);
	}
	if (!same) {
		same = arguments_read(&process, pages, ARGUMENTS_COMMAND, text,
				      sizeof(text)) > 0 &&
		       strcmp(base_name(text), name) == 0;
	}
	if (same)
		read_command(pid, pages, stat.comm, command, size);
	return same;
}

/* Compares the script that an interpreter runs: "app.py" of `python3 -u /srv/app.py`. */
static bool runs_script(pid_t pid, struct pages *pages, const char *name, char *command,
			size_t size)
{
	static const char *const interpreters[] = {"python", "node", "ruby", "perl",
						   "java",   "php",  "bash", "sh",
						   "dash",   "lua",  "deno", "bun"};
	struct process process = process_named(pid);
	char text[PROC_TEXT_MAX];
	bool interpreted = false;

	ssize_t got =
		arguments_read(&process, pages, ARGUMENTS_COMMAND, text, sizeof(text));
	const char *word = text, *end = text + (got > 0 ? got : 0);
	const char *program = base_name(text);

	for (size_t i = 0; got > 0 && i < ARRAY_COUNT(interpreters); i++) {
		size_t bytes = strlen(interpreters[i]);

		if (strncmp(program, interpreters[i], bytes) == 0 &&
		    program[bytes + strspn(program + bytes, "0123456789.")] == '\0')
			interpreted = true;
	}
	if (!interpreted)
		return false;
	do
		word += strlen(word) + 1;
	while (word < end && word[0] == '-');
	if (word >= end || strcmp(base_name(word), name) != 0)
		return false;
	read_command(pid, pages, name, command, size);
	return true;
}

bool source_has_name(pid_t pid, struct pages *pages, const char *name)
{
	char command[256];

	return has_process_name(pid, pages, name, command, sizeof(command)) ||
	       runs_script(pid, pages, name, command, sizeof(command));
}

static void add_match(struct match *match, pid_t pid, const char *command)
{
	size_t used = strlen(match->list);

	match->pid = pid;
	match->count++;
	if (match->count <= MATCHES_SHOWN && used < sizeof(match->list))
		snprintf(match->list + used, sizeof(match->list) - used, "%s%d (%.*s)",
			 used ? ", " : "", (int)pid, COMMAND_SHOWN, command);
}

static int find_by_name(const char *name, struct pages *pages,
			bool (*fits)(pid_t pid, struct pages *pages, const char *name,
				     char *command, size_t size),
			struct match *match, struct err *e)
{
	struct process_list list;
	struct process process;
	char command[256];

	if (!process_list_open(&list))
		return err_set(e, ERR_SYS, "cannot read /proc; is it mounted?");
	while (process_list_next(&list, &process))
		if (!source_is_self(process.pid) &&
		    fits(process.pid, pages, name, command, sizeof(command)))
			add_match(match, process.pid, command);
	process_list_close(&list);
	return 0;
}

/* What is left of a process without threads is its exit status. */
static int check_alive(pid_t pid, struct err *e)
{
	struct process process = process_named(pid), parent;
	struct proc_stat stat, its;

	if (process_stat(&process, &stat) != 0 || !proc_has_ended(&stat))
		return 0;
	parent = process_named(stat.ppid);
	return err_set(e, ERR_GONE,
		       "process %d (%.40s) has ended, and only its exit status is left, "
		       "which its parent, %d (%.40s), has not taken; there is nothing to "
		       "watch",
		       (int)pid, stat.comm, (int)stat.ppid,
		       process_stat(&parent, &its) == 0 ? its.comm : "?");
}

int source_resolve(const char *text, bool only_pid, pid_t *pid, struct err *e)
{
	struct match match = {0};
	struct proc_facts facts;

	*pid = 0;
	if (text[0] && text[strspn(text, "0123456789")] == '\0') {
		pid_t wanted = proc_parse_pid(text);

		if (!wanted)
			return err_set(e, ERR_NOTFOUND, "there is no process %.20s",
				       text);
		struct process process = process_named(wanted);
		int rc = process_facts(&process, &facts, e);

		if (rc == 0)
			rc = check_alive(wanted, e);
		if (rc)
			return rc;
		*pid = wanted;
		return 0;
	}
	if (only_pid || !text[0])
		return err_set(e, ERR_USAGE, "'%.60s' is not a process id", text);
	struct pages *pages = pages_new(NULL);
	int rc = find_by_name(text, pages, has_process_name, &match, e);

	if (rc == 0 && match.count == 0)
		rc = find_by_name(text, pages, runs_script, &match, e);
	pages_free(pages);
	if (rc)
		return rc;
	if (match.count == 0)
		return err_set(
			e, ERR_NOTFOUND,
			"no process%s is called '%.60s'; 'grmon-c ls' lists those that "
			"can be watched",
			strpbrk(text, "./") ? " and no file" : "", text);
	if (match.count > 1)
		return err_set(e, ERR_USAGE,
			       "%zu processes are called '%.60s': %.260s%s; give one of "
			       "their pids, or 'name:%.60s' for all",
			       match.count, text, match.list,
			       match.count > MATCHES_SHOWN ? " and others" : "", text);
	*pid = match.pid;
	return 0;
}
