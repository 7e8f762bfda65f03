/* SPDX-License-Identifier: MIT */
/*
 * Starts programs that print which waits they enter (`wait NAME TID STATE OBJECT FD`, see
 * tests/targets/wrap_waits.c; * for anything) and looks for each in the region that the
 * agent publishes: preloaded, linked, from the static archive; C, C++, Rust, Python.
 */
#include <errno.h>
#include <libgen.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "wrap_region.h"

#include "../sanitized.h"

/* The same program as a function: main() below starts itself for the linked case. */
int target_main(int argc, char **argv);
#define main target_main
#include "../targets/wrap_waits.c"
#undef main

#define WAITS_MAX   256
#define DEADLINE_MS 15000

struct expected {
	char name[48], object[32], fd[16];
	int tid, state;
	bool seen;
};

static char build[512], tmp[64];
static char command_line[4096];

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool fits(const struct expected *e, const struct wire_slot *slot)
{
	if (slot->state != (uint32_t)e->state)
		return false;
	if (e->object[0] != '*' && strtoull(e->object, NULL, 0) != slot->object)
		return false;
	return (e->fd[0] == '*' || atoi(e->fd) == slot->fd) && slot->call_site != 0 &&
	       slot->waits > 0 && slot->counts[e->state - 1] > 0;
}

/* Returns the number of waits that are not as expected, and prints them after the last
 * attempt. */
static size_t look(struct region *region, struct expected *all, size_t n, bool last)
{
	struct wire_slot slot;
	size_t missing = 0;

	for (size_t i = 0; i < n; i++) {
		bool found = region_slot(region, all[i].tid, &slot);

		all[i].seen = found && fits(&all[i], &slot);
		if (all[i].seen)
			continue;
		missing++;
		if (last && found)
			printf("# %s: want state %d object %s fd %s, have %u %#lx %d\n",
			       all[i].name, all[i].state, all[i].object, all[i].fd,
			       slot.state, (unsigned long)slot.object, slot.fd);
		else if (last)
			printf("# %s: no slot for tid %d\n", all[i].name, all[i].tid);
	}
	return missing;
}

static size_t read_expected(FILE *from, struct expected *all)
{
	char line[256];
	size_t n = 0;

	while (n < WAITS_MAX && fgets(line, sizeof(line), from)) {
		struct expected *e = &all[n];

		if (strncmp(line, "ready", 5) == 0)
			return n;
		if (sscanf(line, "wait %47s %d %d %31s %15s", e->name, &e->tid, &e->state,
			   e->object, e->fd) == 5)
			n++;
		else
			printf("# %s", line);
	}
	return 0;
}

/* preload is NULL for a program that is linked with the agent. */
static bool check_program(char *const *argv, const char *preload)
{
	static struct expected all[WAITS_MAX];
	struct region region = {0};
	int to[2], from[2];
	size_t n, missing = 1;
	int64_t deadline;

	MUST(pipe2(to, O_CLOEXEC));
	MUST(pipe2(from, O_CLOEXEC));
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(to[0], 0);
		dup2(from[1], 1);
		if (preload)
			setenv("LD_PRELOAD", preload, 1);
		execvp(argv[0], argv);
		_exit(127);
	}
	close(to[0]);
	close(from[1]);
	FILE *lines = fdopen(from[0], "r");

	memset(all, 0, sizeof(all));
	n = read_expected(lines, all);
	deadline = now_ms() + DEADLINE_MS;
	while (n > 0 && missing > 0 && now_ms() < deadline) {
		if (region.map || region_open(&region, pid))
			missing = look(&region, all, n, false);
		if (missing > 0)
			poll(NULL, 0, 20);
	}
	if (n == 0)
		printf("# %s did not get ready\n", argv[0]);
	else if (!region.map)
		printf("# %s publishes nothing\n", argv[0]);
	else if (missing > 0)
		look(&region, all, n, true);
	else
		printf("# %zu waits\n", n);
	region_close(&region);
	close(to[1]);
	for (int i = 0; i < 100 && waitpid(pid, NULL, WNOHANG) == 0; i++)
		poll(NULL, 0, 20);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	fclose(lines);
	return missing == 0;
}

static bool shell(const char *line)
{
	return system(line) == 0;
}

/* Builds `source` into tmp with a compiler that may be missing. Returns NULL, or the
 * reason. */
static const char *compile(const char *compiler, const char *source, const char *more)
{
	snprintf(command_line, sizeof(command_line), "command -v %s >/dev/null 2>&1",
		 compiler);
	if (!shell(command_line))
		return "its compiler is not installed";
	snprintf(command_line, sizeof(command_line),
		 "cd %s && %s -o %s/program %s %s >&2", ".", compiler, tmp, source, more);
	return shell(command_line) ? NULL : "it does not compile here";
}

enum how { PRELOAD_BUILT, LINKED_SELF, ARCHIVE, RUST, PYTHON };

struct program {
	const char *name;
	enum how how;
	const char *what;
	const char *needs; /* a target that make check-quick does not build */
};

static const struct program programs[] = {
	{"C, preloaded", PRELOAD_BUILT, "wrap_waits", NULL},
	{"C, linked", LINKED_SELF, NULL, NULL},
	{"C, static archive", ARCHIVE, "tests/targets/wrap_waits.c", NULL},
	{"C++, preloaded", PRELOAD_BUILT, "wrap_cxx", NULL},
	{"libraries, preloaded", PRELOAD_BUILT, "wrap_libraries", "wrap_libraries"},
	{"a plugin's libraries, preloaded", PRELOAD_BUILT, "wrap_plugin_host",
	 "wrap_plugin"},
	{"Rust, preloaded", RUST, "tests/targets/wrap_rust.rs", NULL},
	{"Python, preloaded", PYTHON, "tests/targets/wrap_python.py", NULL},
};
#define NR_PROGRAMS (sizeof(programs) / sizeof(programs[0]))

static void run_program(size_t number, const struct program *p, char *self)
{
	char path[1024], preload[600], more[1024];
	char *argv[4] = {path, NULL, NULL, NULL};
	const char *skip = NULL;
	bool good = false;

	snprintf(preload, sizeof(preload), "%s/libgrmon.so", build);
	snprintf(path, sizeof(path), "%s/program", tmp);
	switch (p->how) {
	case PRELOAD_BUILT:
		snprintf(path, sizeof(path), "%s/tests/targets/%s", build,
			 p->needs ? p->needs : p->what);
		if (access(path, F_OK) != 0 && p->needs)
			skip = "it is not built without its libraries";
		snprintf(path, sizeof(path), "%s/tests/targets/%s", build, p->what);
		break;
	case LINKED_SELF:
		if (SANITIZED_THREADS)
			skip = "ThreadSanitizer has conditions of its own";
		argv[0] = self;
		argv[1] = (char *)"--target";
		break;
	case ARCHIVE:
		snprintf(more, sizeof(more),
			 "-w -g -O1 -D_GNU_SOURCE -Iinclude -Wl,--whole-archive "
			 "%s/libgrmon.a "
			 "-Wl,--no-whole-archive -pthread -ldl",
			 build);
		skip = compile("cc", p->what, more);
		break;
	case RUST:
		skip = compile("rustc", p->what, "-C debuginfo=0 --edition 2021");
		break;
	case PYTHON:
		snprintf(path, sizeof(path), "python3");
		argv[1] = (char *)p->what;
		if (!shell("command -v python3 >/dev/null 2>&1"))
			skip = "python3 is not installed";
		break;
	}
	if (!skip)
		good = check_program(argv, p->how == LINKED_SELF || p->how == ARCHIVE
						   ? NULL
						   : preload);
	printf("%s %zu - %s%s%s\n", skip || good ? "ok" : "not ok", number, p->name,
	       skip ? " # SKIP " : "", skip ? skip : "");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static char self[512];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (argc > 1 && strcmp(argv[1], "--target") == 0)
		return target_main(1, argv);
	self[n > 0 ? n : 0] = '\0';
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (getenv("BUILD"))
		snprintf(build, sizeof(build), "%s", getenv("BUILD"));
	else
		snprintf(build, sizeof(build), "%.*s",
			 (int)(strstr(self, "/tests/") - self), self);
	strcpy(tmp, "/tmp/wrap_check.XXXXXX");
	if (!mkdtemp(tmp))
		setup_fail("mkdtemp");
	setenv("XDG_RUNTIME_DIR", tmp, 1);
	setenv("TEST_FOLDER", tmp, 1);
	printf("1..%zu\n", NR_PROGRAMS);
	for (size_t i = 0; i < NR_PROGRAMS; i++)
		run_program(i + 1, &programs[i], self);
	snprintf(command_line, sizeof(command_line), "rm -rf %s", tmp);
	return !shell(command_line);
}
