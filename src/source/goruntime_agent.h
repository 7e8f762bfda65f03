/* SPDX-License-Identifier: MIT */
/* Uses the agent inside a Go program that can load it: exact waits of the program's C
 * code, and rows for its threads. It complements the goroutines and never replaces them.
 * */
#ifndef SOURCE_GORUNTIME_AGENT_H
#define SOURCE_GORUNTIME_AGENT_H

#include "source/go/agent_rows.h"
#include "source/source.h"

struct go_agent {
	const struct source_target *target;
	void *ctx;                 /* of source_agent; NULL if there is no usable agent */
	int64_t again_ns;          /* when to search for an agent again */
	struct go_agent_rows rows; /* of this sample */
};

void go_agent_init(struct go_agent *agent, const struct source_target *target);
void go_agent_release(struct go_agent *agent);
/* Discards the agent, because the process runs a different program now. */
void go_agent_detach(struct go_agent *agent);
/* Call once per sample, before anything else is in the snapshot. Adds what the agent
 * knows, with the process's resources and the agent's notes. focus refers to threads that
 * are shown. Returns false, with no task in out, if there is no agent. */
bool go_agent_sample(struct go_agent *agent, const struct source_focus *focus,
		     struct snapshot *out);

#endif
