/* SPDX-License-Identifier: MIT */
/* Which processes of two targets are the same, for core/diff.h. */
#ifndef CORE_DIFF_PROCESSES_H
#define CORE_DIFF_PROCESSES_H

#include "core/diff.h"

/* Pairs the processes: first those that are the same process, then those with the same
 * name, because a process that was restarted has another pid. Returns 0 or ERR_NOMEM. */
int diff_processes_build(struct diff_processes *processes, const struct snapshot *a,
			 const struct snapshot *b);
void diff_processes_release(struct diff_processes *processes);
/* Returns whether the task is in a process that only this side has; 0 is a, 1 is b. */
bool diff_processes_alone(const struct diff_processes *processes, int side,
			  const struct snapshot *snapshot, const struct task *task);

#endif
