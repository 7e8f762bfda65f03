/* SPDX-License-Identifier: MIT */
/*
 * For benchmarks. Starts one of tests/targets and ends it. Prints rows with a median and
 * its interval, and takes turns until the interval is on one side of the goal.
 */
#ifndef BENCH_H
#define BENCH_H

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
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

/* The CPU time of this process. Unlike the time on a clock, it does not grow because others
 * use the machine. */
static inline double bench_cpu_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
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

struct bench_interval {
	double median, low, high;
};

/*
 * Sorts the values. The true median is from low to high with a confidence of 99 %,
 * whatever the distribution: each value is below it or above it as a coin falls. Fewer
 * than eight values cannot say so much; then these are the least and the greatest.
 */
static inline struct bench_interval bench_interval(double *values, size_t count)
{
	size_t cut = 0; /* how many values on each side are outside */
	double n = (double)count, below = 0;

	for (;;) {
		double k = (double)cut;

		below += exp(lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) -
			     n * log(2));
		if (below > 0.005)
			break;
		cut++;
	}
	size_t first = cut > 0 ? cut - 1 : 0;

	qsort(values, count, sizeof(*values), bench_compare);
	return (struct bench_interval){
		.median = (values[(count - 1) / 2] + values[count / 2]) / 2,
		.low = values[first],
		.high = values[count - 1 - first],
	};
}

enum bench_word {
	BENCH_NO_GOAL,
	BENCH_YES,
	BENCH_NO,
	BENCH_OPEN, /* the goal is inside the interval */
};

/* A goal is text such as "<=1.10", ">= 5", "40" (at most), or "" and "-" for none. */
static inline enum bench_word bench_judge(struct bench_interval interval,
					  const char *goal)
{
	bool least = goal[0] == '>';
	const char *digits = goal + strcspn(goal, "0123456789.");
	double wanted = strtod(digits, NULL);

	if (!*digits)
		return BENCH_NO_GOAL;
	if (least ? interval.low >= wanted : interval.high <= wanted)
		return BENCH_YES;
	return (least ? interval.high < wanted : interval.low > wanted) ? BENCH_NO
									: BENCH_OPEN;
}

struct bench_row {
	const char *name, *unit, *goal;
	size_t turns;      /* 0: 15 */
	size_t turns_most; /* 0: 16 times as many */
};

/* How many digits after the point say enough about a value. */
static inline int bench_digits(double value)
{
	double size = fabs(value);

	return size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : 3;
}

static inline void bench_print(const struct bench_row *row,
			       struct bench_interval interval)
{
	int digits = bench_digits(interval.median);

	printf("%s\t%.*f\t%s\t%s\t%.*f-%.*f\n", row->name, digits, interval.median,
	       row->unit, row->goal, digits, interval.low, digits, interval.high);
	fflush(stdout);
}

/*
 * Prints one row: the median of what the turns return, as soon as its interval is on one
 * side of the goal, or after turns_most turns. A turn measures once; its number tells it
 * who goes first where two are compared. It judges after 1, 2, 4 … times the turns, so
 * that chance has few occasions to end it too early.
 */
static inline struct bench_interval
bench_measure(const struct bench_row *row, double (*turn)(void *ctx, size_t number),
	      void *ctx)
{
	size_t turns = row->turns ? row->turns : 15;
	size_t most = row->turns_most ? row->turns_most : 16 * turns;
	double *values = (double *)calloc(most, sizeof(*values));
	struct bench_interval interval;
	size_t count = 0;

	if (!values)
		abort();
	for (;;) {
		for (; count < turns; count++)
			values[count] = turn(ctx, count);
		interval = bench_interval(values, count);
		if (count >= most || bench_judge(interval, row->goal) != BENCH_OPEN)
			break;
		turns = 2 * turns < most ? 2 * turns : most;
	}
	bench_print(row, interval);
	free(values);
	return interval;
}

/* For bench_measure(): the ratio of two costs, which take turns at going first. */
struct bench_pair {
	double (*ours)(void *ctx);
	double (*theirs)(void *ctx);
	void *ctx;
};

static inline double bench_ratio(void *pair, size_t number)
{
	const struct bench_pair *both = (const struct bench_pair *)pair;
	double ours = 0, theirs;

	if (number % 2)
		ours = both->ours(both->ctx);
	theirs = both->theirs(both->ctx);
	if (number % 2 == 0)
		ours = both->ours(both->ctx);
	return ours / theirs;
}

#endif
