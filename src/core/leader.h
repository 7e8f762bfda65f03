/* SPDX-License-Identifier: MIT */
/*
 * Workers that take turns: one holds a lock and waits for the next event, the others wait
 * for the lock at the same place. All of them are at rest, though somebody holds it.
 */
#ifndef CORE_LEADER_H
#define CORE_LEADER_H

#include "core/snapshot.h"

/* Owners that were looked for in one look; zeroed for each. */
struct leaders {
	pid_t tid; /* the last one, 0: none */
	uint32_t index;
	uint32_t searches;
	bool found;
};

/* Does this task wait for its turn? For a bounded number of owners in a look. */
bool leader_has_turn(struct leaders *leaders, const struct snapshot *snapshot,
		     const struct task *task);

#endif
