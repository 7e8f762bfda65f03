/* SPDX-License-Identifier: MIT */
/* What the agent inside a Go program publishes about its threads, as of one sample. */
#ifndef SOURCE_GO_AGENT_ROWS_H
#define SOURCE_GO_AGENT_ROWS_H

#include "core/snapshot.h"

/* Rows sorted by tid. What they point to belongs to the snapshot. */
struct go_agent_rows {
	struct task *list;
	size_t nr, cap;
	bool published; /* the agent was asked and answered */
};

/* Moves the threads out of the snapshot. Goroutines come first in a snapshot, so the
 * threads are kept here until they are added. */
void go_agent_rows_take(struct go_agent_rows *rows, struct snapshot *out);
void go_agent_rows_release(struct go_agent_rows *rows);
/* Returns the agent's row of a thread, or NULL if there is none. */
const struct task *go_agent_row(const struct go_agent_rows *rows, pid_t tid);
/* Copies the published wait of the thread that runs a goroutine to the task, if there is
 * one. */
void go_agent_explain(const struct go_agent_rows *rows, struct arena *arena,
		      struct task *task);

#endif
