/* SPDX-License-Identifier: MIT */
/* `grmon-c check`: its limits and its findings. check.c watches a target, check_command.c
 * runs a command, check_exit.c takes the last sample of a command, check_rules.c applies
 * the limits, check_print.c prints the findings. */
#ifndef CLI_CHECK_H
#define CLI_CHECK_H

#include "base/buf.h"
#include "cli/span.h"

enum check_rule {
	CHECK_STUCK,
	CHECK_LONG,
	CHECK_TASKS,
	CHECK_LEAK,
	CHECK_DEADLOCK,
	CHECK_COUNT,
};

#define CHECK_RETRIES 3u /* consecutive samples that must agree */

struct check_finding {
	/* Consecutive samples up to the last that broke the rule. */
	uint32_t streak;
	/* The streak before this one, and the samples since its end. */
	uint32_t before, clear;
	bool final;     /* broken, whatever later samples show */
	uint64_t count; /* in the last sample that broke the rule */
	struct snapshot *snapshot;
};

/* What a command left behind at its exit. */
struct check_exit {
	bool opened; /* session must be released */
	struct session session;
	/* Guilty tasks have TASK_STUCK; NULL if no sample was taken. */
	struct snapshot *snapshot;
	uint64_t left; /* guilty tasks: blocked and not at rest */
	uint64_t cycles, tasks;
};

struct check {
	const struct options *options;
	struct span span;
	bool wanted[CHECK_COUNT];
	int64_t most[CHECK_COUNT];
	struct query *filter;
	bool command;     /* the target is a command that check started */
	bool limited;     /* by --for */
	bool interrupted; /* a signal ended the watch early */
	/* Do not count tasks as stuck that were blocked before the first sample. */
	bool baseline;
	struct check_finding findings[CHECK_COUNT];
	struct check_exit at_exit;
	struct err e;
};

/* Samples until the watch ends or the result is certain, then until no rule is in
 * doubt. */
void check_watch(struct check *check);
/* Returns true if later samples cannot change the result. */
bool check_decided(const struct check *check);
/* Like check_is_broken() without the findings at exit. */
bool check_was_broken(const struct check *check, enum check_rule rule);
/* Returns the number of broken rules. */
int check_broken(const struct check *check);
bool check_is_shown(const struct check *check, const struct task *task);
/* rule is CHECK_STUCK or CHECK_LONG. */
bool check_is_guilty(const struct check *check, enum check_rule rule,
		     const struct task *task);
/* Returns true for rules that find single guilty tasks. */
bool check_is_about_guilt(enum check_rule rule);
bool check_is_guilty_leak(const struct snapshot *s, const struct leak *leak);
/* Returns the number of tasks that were stuck when the check began and still are. */
uint64_t check_before(const struct check *check);
void check_release(struct check *check);

/* Takes the last sample of a process that has been held in its exit since held_ns. */
void check_sample_exit(struct check *check, pid_t pid, int64_t held_ns);

/* Prints the result. Returns the exit code for the findings, or `fine` if there are
 * none. */
int check_say_result(const struct check *check, int fine);
/* Starts the command and checks it. Returns an exit code. */
int check_command(struct check *check);

#endif
