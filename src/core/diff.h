/* SPDX-License-Identifier: MIT */
/*
 * Compares two snapshots, which may be of two processes on two hosts, and reports what is
 * new, gone, grown and shrunk. Tasks are grouped by the names of their functions, by
 * those of their creator and its ancestors and by their state, never by addresses, lines
 * or ids. Information that one of the sides does not have is not compared.
 */
#ifndef CORE_DIFF_H
#define CORE_DIFF_H

#include "base/err.h"
#include "core/rows.h"
#include "core/snapshot.h"

enum diff_change { DIFF_NEW, DIFF_GONE, DIFF_GROWN, DIFF_SHRUNK, DIFF_SAME, DIFF_COUNT };
const char *diff_change_name(enum diff_change change);

/* One side of the comparison, and which of its tasks count. */
struct diff_side {
	const struct snapshot *snapshot;
	const struct rows *rows;
};

struct diff_group {
	enum diff_change change;
	uint32_t count[2], stuck[2], is_long[2]; /* numbers in a and in b */
	int64_t oldest_ns[2];       /* age of the oldest wait; -1 if unknown */
	const struct task *example; /* the oldest task of b, or of a if b has none */
	/* of these, in processes that only this side has */
	uint32_t alone[2];
	/* the tasks did not agree in everything that was compared */
	bool vague;
};

/* A process of one side, of a target that is several, and the one of the other side that
 * it is compared with. */
struct diff_process {
	const struct member_process *side[2]; /* one may be NULL */
	bool replaced;                        /* same name, another process */
};

/* Empty unless both sides are several processes. */
struct diff_processes {
	struct diff_process *list; /* those of both sides first, then a's, then b's */
	size_t count;
	bool *alone[2]; /* by index of the member: the other side has none like it */
};

struct diff {
	struct diff_group *groups; /* the greatest change first */
	size_t nr_groups;
	uint32_t tasks[2], stuck[2], is_long[2];
	struct diff_processes processes;
	/* number of groups per kind of change, and of changed tasks */
	uint32_t groups_of[DIFF_COUNT], tasks_of[DIFF_COUNT];
	bool by_state, by_creator, by_ancestors, by_stack;
};

/* Both snapshots must outlive the diff. Returns 0 or ERR_NOMEM. Call the release function
 * in both cases. */
int diff_build(struct diff *diff, const struct diff_side sides[2], struct err *e);
void diff_release(struct diff *diff);

#endif
