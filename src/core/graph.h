/* SPDX-License-Identifier: MIT */
/*
 * Who waits for whom among the tasks of a snapshot and the threads of other processes that
 * their waits lead to, and which of them can never go on. A cycle is a candidate until
 * somebody has looked at it a second time: one look at many threads is not one moment.
 */
#ifndef CORE_GRAPH_H
#define CORE_GRAPH_H

#include "base/err.h"
#include "core/snapshot.h"

#define GRAPH_NONE UINT32_MAX

/* Nodes: the index of a task; from nr_tasks on, of an other_task. */
struct cycle {
	const uint32_t *nodes; /* each waits for the next, the last for the first */
	size_t nr_nodes;
	/* Every node whose waking could end it, those of the cycle first. */
	const uint32_t *support;
	size_t nr_support;
};

struct wait_graph {
	size_t nr_nodes;
	const uint32_t *next; /* whom each node waits for, or GRAPH_NONE */
	struct cycle *cycles;
	size_t nr_cycles;
};

/*
 * Build snapshot->graph, in its arena; the cycles are candidates. A task is in one only if
 * everybody who could end its wait is in one or waits for one, and no wait on the way ends
 * by itself. Linear in tasks and waits. Returns 0 or ERR_NOMEM.
 */
int graph_build(struct snapshot *snapshot, struct err *e);
/* Drop the cycles that `confirm` (NULL: it keeps all) denies, mark the tasks of the rest. */
void graph_settle(struct snapshot *snapshot,
		  bool (*confirm)(void *ctx, struct snapshot *snapshot,
				  const struct cycle *cycle),
		  void *ctx);

/* A node's task, and the process that it belongs to if that is not the target, or NULL. */
struct task *graph_task(const struct snapshot *snapshot, uint32_t node);
const struct other_process *graph_process(const struct snapshot *snapshot, uint32_t node);
/* Confirmed cycles; 0 with no graph. */
size_t graph_cycles(const struct snapshot *snapshot);

#endif
