/* SPDX-License-Identifier: MIT */
/* A task from snapshot to snapshot, whatever row it is in. */
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
bool identity_is(const struct identity *identity, const struct task *task);
/* The task in a snapshot, or NULL. Looks at every task: once a snapshot, not once a key. */
const struct task *identity_find(const struct identity *identity,
				 const struct snapshot *snapshot);

#endif
