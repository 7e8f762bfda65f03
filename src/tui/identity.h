/* SPDX-License-Identifier: MIT */
/* Identifies a task across snapshots, independent of its row. */
#ifndef TUI_IDENTITY_H
#define TUI_IDENTITY_H

#include <stdbool.h>

#include "core/snapshot.h"

struct identity {
	bool set;
	enum task_kind kind;
	uint64_t id;
	uint64_t serial;
};

struct identity identity_of(const struct task *task);
/* Finds the task in a snapshot, or returns NULL. It searches all tasks, so call it once
 * per snapshot, not per key. */
const struct task *identity_find(const struct identity *identity,
				 const struct snapshot *snapshot);

#endif
