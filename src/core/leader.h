/* SPDX-License-Identifier: MIT */
/*
 * Workers that take turns: one of them holds a lock and waits for the next event, and the
 * others wait for the lock at the same place. All of them are idle, although one holds
 * the lock.
 */
#ifndef CORE_LEADER_H
#define CORE_LEADER_H

#include "core/snapshot.h"

/* Owners that were looked up in one sample. Zeroed for each sample. */
struct leaders {
	pid_t tid; /* the last one; 0 if none */
	uint32_t index;
	uint32_t searches;
	bool found;
};

/* Returns whether this task waits for its turn. Limited to a certain number of owners per
 * sample. */
bool leader_has_turn(struct leaders *leaders, const struct snapshot *snapshot,
		     const struct task *task);

#endif
