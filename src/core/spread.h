/* SPDX-License-Identifier: MIT */
/* In which processes of a target that is several the tasks of a leak or group are. */
#ifndef CORE_SPREAD_H
#define CORE_SPREAD_H

#include "core/group.h"

#define SPREAD_TEXT_MAX 200

/* Count tasks in each process; `tasks` has snapshot->nr_members elements. Those of a leak
 * or group return the number of processes that have some. */
void spread_add(const struct snapshot *snapshot, const struct task *task,
		uint32_t *tasks);
size_t spread_of_leak(const struct snapshot *snapshot, const struct leak *leak,
		      uint32_t *tasks);
size_t spread_of_group(const struct snapshot *snapshot, const struct group *group,
		       uint32_t *tasks);
/* Returns the process that has all tasks of the leak, or NULL. */
const struct member_process *spread_only(const struct snapshot *snapshot,
					 const struct leak *leak);
/* Write "in api 4711" or "in 4 of 6 processes: api 4711, api 4712, worker 4713 and 1
 * more", the process with the most tasks first. "" if the target is one process. */
const char *spread_text(const struct snapshot *snapshot, const uint32_t *tasks,
			char out[SPREAD_TEXT_MAX]);
const char *spread_leak_text(const struct snapshot *snapshot, const struct leak *leak,
			     char out[SPREAD_TEXT_MAX]);
const char *spread_group_text(const struct snapshot *snapshot, const struct group *group,
			      char out[SPREAD_TEXT_MAX]);
/* Writes " of api 4711", or "" if the target is one process. */
const char *spread_task_text(const struct task *task, char out[SPREAD_TEXT_MAX]);

#endif
