/* SPDX-License-Identifier: MIT */
/*
 * Which task waits for which, among the tasks of a snapshot and the threads of other
 * processes that their waits lead to, and which of them can never continue. A cycle is
 * only a candidate until it has been confirmed by a second examination, because one
 * sample of many threads is not taken at a single moment.
 */
#ifndef CORE_GRAPH_H
#define CORE_GRAPH_H

#include "base/err.h"
#include "core/snapshot.h"

#define GRAPH_NONE UINT32_MAX

/* A node is the index of a task or, from nr_tasks on, of an other_task. */
struct cycle {
	/* each node waits for the next one, and the last for the first */
	const uint32_t *nodes;
	size_t nr_nodes;
	/* All nodes that could end the deadlock if they woke, starting with those of the
	 * cycle. */
	const uint32_t *support;
	size_t nr_support;
};

struct wait_graph {
	size_t nr_nodes;
	const uint32_t *next; /* the node that each node waits for, or GRAPH_NONE */
	struct cycle *cycles;
	size_t nr_cycles;
};

/*
 * Build snapshot->graph in the snapshot's arena; its cycles are candidates. A task is in
 * one only if all tasks that could end its wait are in a cycle or wait for one, and if no
 * wait on the way ends by itself. Linear in the number of tasks and waits. Returns 0 or
 * ERR_NOMEM.
 */
int graph_build(struct snapshot *snapshot, struct err *e);
/* Drop the cycles for which `confirm` returns false and mark the tasks of the others. If
 * confirm is NULL, all are kept. */
void graph_settle(struct snapshot *snapshot,
		  bool (*confirm)(void *ctx, struct snapshot *snapshot,
				  const struct cycle *cycle),
		  void *ctx);

/* Returns a node's task, and the process that it belongs to if that is not the target.
 * NULL if unknown. */
struct task *graph_task(const struct snapshot *snapshot, uint32_t node);
const struct other_process *graph_process(const struct snapshot *snapshot, uint32_t node);
/* Returns the process of a node's task. */
pid_t graph_pid(const struct snapshot *snapshot, uint32_t node);
/* Returns the number of confirmed cycles, which is 0 without a graph. */
size_t graph_cycles(const struct snapshot *snapshot);

#endif
