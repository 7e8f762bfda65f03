/* SPDX-License-Identifier: MIT */
/* The agent inside a Go program that can load it: what the program's C code waits for,
 * exactly, and rows for its threads. It comes under the goroutines, never instead. */
#ifndef SOURCE_GORUNTIME_AGENT_H
#define SOURCE_GORUNTIME_AGENT_H

#include "source/go/agent_rows.h"
#include "source/source.h"

struct go_agent {
	const struct source_target *target;
	void *ctx;        /* of source_agent; NULL: there is none that can be used */
	int64_t again_ns; /* when it may be looked for again */
	struct go_agent_rows rows; /* of this look */
};

void go_agent_init(struct go_agent *agent, const struct source_target *target);
void go_agent_release(struct go_agent *agent);
/* Another program runs in the process. */
void go_agent_forget(struct go_agent *agent);
/* Once per look, before anything is in the snapshot: what the agent says, with the process's
 * resources and the agent's notes. focus: of threads that are shown. False: there is none, and
 * no task is in out. */
bool go_agent_look(struct go_agent *agent, const struct source_focus *focus,
		   struct snapshot *out);

#endif
