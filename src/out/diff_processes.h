/* SPDX-License-Identifier: MIT */
/* The processes of two targets that are several. Both write nothing if one is not. */
#ifndef OUT_DIFF_PROCESSES_H
#define OUT_DIFF_PROCESSES_H

#include "out/diff.h"

/* Writes the processes that appeared, ended, were replaced, and those whose resources have
 * changed, a line each. */
void diff_put_processes(const struct diff_request *request, struct buf *out);
/* Writes "processes" after a comma. */
void diff_put_json_processes(const struct diff_request *request, struct buf *out);

#endif
