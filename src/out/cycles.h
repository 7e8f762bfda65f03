/* SPDX-License-Identifier: MIT */
/* Threads that wait for each other in a circle: none of them can ever go on. */
#ifndef OUT_CYCLES_H
#define OUT_CYCLES_H

#include "base/err.h"
#include "core/snapshot.h"

/* Waits shorter than this are not looked at: one look at many threads is not one moment,
 * and only a thread that was blocked all the while surely held what it is said to hold. */
#define CYCLE_AGE_MIN_NS 50000000ll

struct cycles {
	size_t *members; /* indices into snapshot->tasks, cycle after cycle */
	size_t *ends;    /* ends[i]: where cycle i ends in members */
	size_t count;
};

/* Release with cycles_release(), also after an error. Returns 0 or ERR_NOMEM. */
int cycles_find(struct cycles *cycles, const struct snapshot *snapshot, struct err *e);
void cycles_release(struct cycles *cycles);

#endif
