/* SPDX-License-Identifier: MIT */
/* Follows the groups of timers over all samples and judges which of them leak, by the rule
 * for tasks. Counts timers that have stayed. Sleeps and I/O deadlines are not judged: they
 * belong to tasks and descriptors, which are. Nor are timers for whose channel a task
 * waits: if they grow, so do the tasks, and that is one leak, not two. The same holds for
 * timers of objects whose tasks leak: timers_join(). */
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

struct groups;

/* Finds the leaks of tasks that groups of timers belong to, and says so in their evidence:
 * the function that the timers call is a method of a type one of whose methods is on the
 * stacks of the tasks, and both grow at the same pace. */
void timers_join(struct timers *timers, const struct groups *groups,
		 struct snapshot *snapshot);

#endif
