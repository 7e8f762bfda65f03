/* SPDX-License-Identifier: MIT */
/* What the agent inside a Go program says of its threads, in one look. */
#ifndef SOURCE_GO_AGENT_ROWS_H
#define SOURCE_GO_AGENT_ROWS_H

#include "core/snapshot.h"

/* By their ids; what they point to is the snapshot's. */
struct go_agent_rows {
	struct task *list;
	size_t nr, cap;
	bool published; /* the agent was asked, and answered */
};

/* Takes the threads out of the snapshot. The goroutines come first: the threads wait beside
 * until it is their turn. */
void go_agent_rows_take(struct go_agent_rows *rows, struct snapshot *out);
void go_agent_rows_release(struct go_agent_rows *rows);
/* What it says of a thread; NULL: nothing. */
const struct task *go_agent_row(const struct go_agent_rows *rows, pid_t tid);
/* The wait of the thread that runs a goroutine, where the agent has published one. */
void go_agent_explain(const struct go_agent_rows *rows, struct task *task);

#endif
