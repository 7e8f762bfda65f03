/* SPDX-License-Identifier: MIT */
/* When a wait began. The runtime prints whole minutes only, so ages computed from one
 * sample would start over at every sample. */
#ifndef SOURCE_PPROF_AGE_H
#define SOURCE_PPROF_AGE_H

#include "core/snapshot.h"

struct pprof_age;

struct pprof_ages {
	struct pprof_age *list; /* by id, open addressing */
	size_t capacity;
};

/* Keeps the earliest start that any sample gave for the same wait. */
void pprof_ages_update(struct pprof_ages *ages, struct snapshot *snapshot);
void pprof_ages_release(struct pprof_ages *ages);

#endif
