/* SPDX-License-Identifier: MIT */
/* Who can end the waits of a snapshot beyond the locks of the target itself: children, other
 * ends of pipes and sockets, holders of file locks, and what those processes wait for in
 * their turn. Bounded; for every source that shows threads. */
#ifndef SOURCE_PEERS_HOLDERS_H
#define SOURCE_PEERS_HOLDERS_H

#include "core/graph.h"

struct holders;

struct holders *holders_new(void); /* NULL: no memory */
void holders_free(struct holders *holders);
/* Between the source's sample and track_update(). What cannot be had is left out. */
void holders_fill(struct holders *holders, struct snapshot *snapshot);
/*
 * For graph_settle(): read every wait that the cycle rests on twice, with its owner and its
 * thread's count of switches. Equal both times and as in the snapshot, there was one moment
 * in which all of them waited.
 */
bool holders_confirm(void *holders, struct snapshot *snapshot, const struct cycle *cycle);

#endif
