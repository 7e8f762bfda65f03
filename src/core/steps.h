/* SPDX-License-Identifier: MIT */
/* Does a figure rise in steps, as a job that runs every so often makes it? */
#ifndef CORE_STEPS_H
#define CORE_STEPS_H

#include "core/series.h"

#define STEPS_MAX   64
#define STEPS_LEAST 4

struct steps {
	size_t count; /* at least STEPS_LEAST */
	double size;  /* median */
	int64_t period_ns;
	int64_t times_ns[STEPS_MAX]; /* of the last ones, oldest first */
};

/* At least four jumps up whose intervals vary by less than a quarter, which make up most of
 * the rise, while little is lost between them. false: there are none. */
bool steps_find(const struct series *series, struct steps *steps);

#endif
