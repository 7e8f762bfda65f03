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
	pid_t pid; /* for messages: its process if the target is several */
};

struct identity identity_of(const struct task *task);
/* Returns whether both are of the same task. */
bool identity_same(const struct identity *a, const struct identity *b);
/* Formats the id, as task_format_id() does. */
const char *identity_format(const struct identity *identity, char out[TASK_ID_MAX]);
/* Finds the task in a snapshot, or returns NULL. It searches all tasks, so call it once
 * per snapshot, not per key. */
const struct task *identity_find(const struct identity *identity,
				 const struct snapshot *snapshot);

#endif
