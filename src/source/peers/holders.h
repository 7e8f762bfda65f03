/* SPDX-License-Identifier: MIT */
/* Finds the processes that can end the waits of a snapshot, apart from the target's own
 * locks: children, peers on pipes and sockets, holders of file locks, and what those
 * processes wait for in turn. Bounded; used for every source that shows threads. */
#ifndef SOURCE_PEERS_HOLDERS_H
#define SOURCE_PEERS_HOLDERS_H

#include "core/graph.h"

struct holders;

struct holders *holders_new(void); /* NULL if out of memory */
void holders_free(struct holders *holders);
/* Call between the source's sample and track_update(). What cannot be read is left
 * out. */
void holders_fill(struct holders *holders, struct snapshot *snapshot);
/*
 * For graph_settle(): reads every wait that the cycle depends on twice, with its owner
 * and its thread's count of context switches. If both readings are equal and match the
 * snapshot, there was a moment at which all of the threads were waiting.
 */
bool holders_confirm(void *holders, struct snapshot *snapshot, const struct cycle *cycle);

#endif
