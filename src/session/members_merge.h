/* SPDX-License-Identifier: MIT */
/* Makes one snapshot of the snapshots of several processes. */
#ifndef SESSION_MEMBERS_MERGE_H
#define SESSION_MEMBERS_MERGE_H

#include "session/access.h"
#include "source/words.h"

struct member {
	pid_t pid;
	uint64_t start_ticks;
	const char *name; /* interned */
	struct access access;
	struct snapshot *part;      /* of this sample, or NULL */
	bool gone;                  /* it has ended */
	bool denied;                /* the kernel does not let us read it */
	char trouble[ERR_TEXT_MAX]; /* why it cannot be read, or "" */
};

/* The members are ordered by pid. Takes the tasks and the memory of their parts. Returns
 * 0 or ERR_NOMEM. */
int members_merge(const struct words *words, struct stack_table *stacks,
		  struct member *const *list, size_t nr, struct snapshot **snapshot,
		  struct err *e);

#endif
