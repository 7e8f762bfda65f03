/* SPDX-License-Identifier: MIT */
/* Follows the groups of timers over all samples and judges which of them leak, by the rule
 * for tasks. Counts timers that have stayed. Sleeps and I/O deadlines are not judged: they
 * belong to tasks and descriptors, which are. Nor are timers for whose channel a task
 * waits: if they grow, so do the tasks, and that is one leak, not two. */
#ifndef CORE_TIMER_TREND_H
#define CORE_TIMER_TREND_H

#include "core/snapshot.h"

struct timer_trends;

struct timer_trends *timer_trends_new(void); /* NULL if memory is exhausted */
void timer_trends_free(struct timer_trends *trends);
void timer_trends_reset(struct timer_trends *trends); /* for another target */
/* Replaces snapshot->timers by a copy with trends and verdicts, and returns it, or NULL if
 * there is none. The names must stay valid. least_ns: the minimum time of observation
 * before growth is called a leak. trends may be NULL. */
struct timers *timer_trends_update(struct timer_trends *trends, struct snapshot *snapshot,
				   int64_t least_ns);
/* Removes the verdicts of timers that the leaking tasks may own: there are no more of them
 * than nr_tasks, the number of leaking tasks that wait for a channel. Call it for what
 * timer_trends_update() returned. */
void timers_drop_owned(struct timers *timers, uint64_t nr_tasks);

#endif
