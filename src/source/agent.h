/* SPDX-License-Identifier: MIT */
/* What native.c and agent.c need of each other. */
#ifndef SOURCE_AGENT_H
#define SOURCE_AGENT_H

#include <stddef.h>
#include <sys/types.h>

#include "source/kernel.h"

/* Why an agent that is in the process cannot be used, as a sentence; "" if there is none
 * or it can be. Cheap. */
void agent_unusable(pid_t pid, char *out, size_t size);

/* Fill the target fields of a snapshot; say what could not be read. */
void native_describe(const struct kernel *kernel, int64_t start_real_ns,
		     const char *sources, struct snapshot *out);
void native_notes(const struct kernel *kernel, struct snapshot *out);

#endif
