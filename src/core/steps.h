/* SPDX-License-Identifier: MIT */
/* Determines whether a figure rises in steps, as a periodic job causes. */
#ifndef CORE_STEPS_H
#define CORE_STEPS_H

#include "core/series.h"

#define STEPS_MAX   64
#define STEPS_LEAST 4

struct steps {
	size_t count; /* at least STEPS_LEAST */
	double size;  /* median */
	int64_t period_ns;
	int64_t times_ns[STEPS_MAX]; /* times of the last steps, oldest first */
};

/* Looks for at least four upward jumps whose intervals vary by less than a quarter, which
 * account for most of the rise, and between which little is lost. Returns false if there
 * are none. */
bool steps_find(const struct series *series, struct steps *steps);

#endif
