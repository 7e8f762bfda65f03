/* SPDX-License-Identifier: MIT */
/*
 * What is new, gone, grown and shrunk between two snapshots, also of two processes on two
 * hosts: tasks are grouped by the names of their functions, their creator's and their state,
 * never by addresses, lines or ids. What one of the two sides cannot say is not compared.
 */
#ifndef CORE_DIFF_H
#define CORE_DIFF_H

#include "base/err.h"
#include "core/rows.h"
#include "core/snapshot.h"

enum diff_change { DIFF_NEW, DIFF_GONE, DIFF_GROWN, DIFF_SHRUNK, DIFF_SAME, DIFF_COUNT };
const char *diff_change_name(enum diff_change change);

/* A side, and which of its tasks count. */
struct diff_side {
	const struct snapshot *snapshot;
	const struct rows *rows;
};

struct diff_group {
	enum diff_change change;
	uint32_t count[2], stuck[2], is_long[2]; /* in a and in b */
	int64_t oldest_ns[2];       /* age of the oldest wait; -1: not known */
	const struct task *example; /* the oldest of b, or of a where b has none */
	bool vague;                 /* not all that it was compared by was the same */
};

struct diff {
	struct diff_group *groups; /* the greatest change first */
	size_t nr_groups;
	uint32_t tasks[2];
	uint32_t groups_of[DIFF_COUNT], tasks_of[DIFF_COUNT]; /* the latter by change */
	bool by_state, by_creator, by_stack;
};

/* The snapshots must outlive the diff. Returns 0 or ERR_NOMEM; release in both cases. */
int diff_build(struct diff *diff, const struct diff_side sides[2], struct err *e);
void diff_release(struct diff *diff);

#endif
