/* SPDX-License-Identifier: MIT */
/* For benchmarks that watch a program: starts one of tests/targets, waits until it is
 * ready and ends it; medians. */
#ifndef BENCH_H
#define BENCH_H

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define BENCH_ARGUMENTS 4

struct bench_child {
	pid_t pid;
	int input; /* the program ends when this is closed */
};

static inline const char *bench_build(void)
{
	const char *build = getenv("BUILD");

	return build ? build : "build";
}

/* Starts a program of tests/targets with these arguments, which end with NULL, with the
 * agent inside or without it. Returns true when it has said that it is ready. */
static inline bool bench_start(struct bench_child *child, const char *program,
			       const char *const *arguments, bool agent)
{
	char *argv[BENCH_ARGUMENTS + 2] = {NULL};
	char path[4096], library[4096], line[64] = "";
	int in[2], out[2];

	snprintf(path, sizeof(path), "%s/tests/targets/%s", bench_build(), program);
	snprintf(library, sizeof(library), "%s/libgrmon.so", bench_build());
	argv[0] = path;
	for (size_t i = 0; i < BENCH_ARGUMENTS && arguments[i]; i++)
		argv[i + 1] = (char *)(uintptr_t)arguments[i];
	if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
		return false;
	child->pid = fork();
	if (child->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(in[0], 0);
		dup2(out[1], 1);
		if (agent)
			setenv("LD_PRELOAD", library, 1);
		execv(path, argv);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	child->input = in[1];
	ssize_t got = child->pid > 0 ? read(out[0], line, sizeof(line) - 1) : -1;

	close(out[0]);
	return got > 0 && strncmp(line, "ready", 5) == 0;
}

static inline void bench_stop(struct bench_child *child)
{
	close(child->input);
	kill(child->pid, SIGKILL);
	waitpid(child->pid, NULL, 0);
}

static inline int bench_compare(const void *a, const void *b)
{
	double left = *(const double *)a;
	double right = *(const double *)b;

	return (left > right) - (left < right);
}

/* Sorts the values. */
static inline double bench_median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), bench_compare);
	return values[count / 2];
}

#endif
