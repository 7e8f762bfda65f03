/* SPDX-License-Identifier: MIT */
/* `grmon-c check`: what it is told to find, and what it has found. check.c watches a target,
 * check_command.c a command, check_exit.c takes the last look at one, check_rules.c judges,
 * check_print.c says what was found. */
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

#define CHECK_RETRIES 3u /* looks in a row that must agree */

struct check_finding {
	uint32_t streak;        /* looks in a row, up to the last, that broke the rule */
	uint32_t before, clear; /* the streak before the last, and the looks since then */
	bool final;             /* broken, whatever comes */
	uint64_t count;         /* of the last look that broke the rule */
	struct snapshot *snapshot;
};

/* What a command left behind. */
struct check_exit {
	bool opened; /* look is to be released */
	struct look look;
	struct snapshot
		*snapshot; /* the guilty have TASK_STUCK; NULL: no look was taken */
	uint64_t left;     /* of them, blocked and not at rest */
	uint64_t cycles, tasks;
};

struct check {
	const struct options *options;
	struct span span;
	bool wanted[CHECK_COUNT];
	int64_t most[CHECK_COUNT];
	struct query *filter;
	bool command;     /* it was started here */
	bool limited;     /* by --for */
	bool interrupted; /* a signal ended it before its time */
	bool baseline; /* what waits since before the first look is not counted as stuck */
	struct check_finding findings[CHECK_COUNT];
	struct check_exit at_exit;
	struct err e;
};

/* Judge span.last. */
void check_look(struct check *check);
/* Looks until it is over or decided, and then until a doubt is settled. */
void check_watch(struct check *check);
/* Whether nothing that may come can change the answer. */
bool check_decided(const struct check *check);
/* Whether a rule is broken in some of the last looks, but not yet in enough of them. */
bool check_undecided(const struct check *check);
bool check_is_broken(const struct check *check, enum check_rule rule);
/* The same without what was found at the exit. */
bool check_was_broken(const struct check *check, enum check_rule rule);
/* The number of broken rules. */
int check_broken(const struct check *check);
bool check_is_shown(const struct check *check, const struct task *task);
/* Of CHECK_STUCK or CHECK_LONG. */
bool check_is_guilty(const struct check *check, enum check_rule rule,
		     const struct task *task);
/* Whether the rule is about single tasks that are guilty of something. */
bool check_is_about_guilt(enum check_rule rule);
bool check_is_guilty_leak(const struct snapshot *s, const struct leak *leak);
/* Tasks that were stuck when the check began, and are so still. */
uint64_t check_before(const struct check *check);
void check_release(struct check *check);

/* The process is held in its exit, since then. */
void check_exit_look(struct check *check, pid_t pid, int64_t held_ns);

/* What was broken, with the guilty stacks. */
void check_print(const struct check *check, struct buf *out);
/* Prints the result. Returns the exit code of what was found; `fine`: of nothing. */
int check_say_result(const struct check *check, int fine);
/* Starts the command and checks it. Returns an exit code. */
int check_command(struct check *check);

#endif
