/* SPDX-License-Identifier: MIT */
/* In which processes of a target that is several the tasks of a group are. */
#ifndef TUI_GROUP_PROCESSES_H
#define TUI_GROUP_PROCESSES_H

#include "core/group.h"

#define GROUP_PROCESSES_MAX 400

/* Writes "in 4 of 6: nginx 4711 with 20, nginx 4712 with 3 and 2 more"; "" if
 * the target is one process. */
void group_processes(const struct snapshot *snapshot, const struct group *group,
		     char out[GROUP_PROCESSES_MAX]);

#endif
