/* SPDX-License-Identifier: MIT */
/* `grmon-c check`: what it is told to find, and what it has found. check.c runs it,
 * check_rules.c judges and prints. */
#ifndef CLI_CHECK_H
#define CLI_CHECK_H

#include "base/buf.h"
#include "cli/span.h"

enum check_rule { CHECK_STUCK, CHECK_TASKS, CHECK_LEAK, CHECK_DEADLOCK, CHECK_COUNT };

#define CHECK_RETRIES 3u /* looks in a row that must agree */

struct check_finding {
	uint32_t streak;        /* looks in a row, up to the last, that broke the rule */
	uint32_t before, clear; /* the streak before the last, and the looks since then */
	uint64_t count;         /* of the last look that broke the rule */
	struct snapshot *snapshot;
};

struct check {
	const struct options *options;
	struct span span;
	bool wanted[CHECK_COUNT];
	int64_t most[CHECK_COUNT];
	struct query *filter;
	bool baseline; /* what waits since before the first look is not counted as stuck */
	struct check_finding findings[CHECK_COUNT];
	struct err e;
};

/* Judge span.last. */
void check_look(struct check *check);
/* Whether a rule is broken in some of the last looks, but not yet in enough of them. */
bool check_undecided(const struct check *check);
/* The number of broken rules. */
int check_broken(const struct check *check);
/* What was broken, with the guilty stacks. */
void check_print(const struct check *check, struct buf *out);
void check_release(struct check *check);

#endif
