/* SPDX-License-Identifier: MIT */
/* Shared by the trend_*.c files. */
#ifndef CORE_TREND_PRIVATE_H
#define CORE_TREND_PRIVATE_H

#include <stddef.h>

#include "core/trend.h"

/* Sorts the values and returns their median; 0 if there are none. */
double trend_median(double *values, size_t count);
/* Finds jumps of one size, within a factor of two, that occur with a regular period up to
 * now. Fills in nr_steps, step_size, period_ns and from_ns. */
bool trend_find_steps(const struct trend *trend, struct trend_finding *finding);
/* Does the same based on arrivals and the samples between which they came. This also
 * finds quick jobs, but only if nothing else arrives. It serves to describe a rise; such
 * a series occurs by chance too often to prove one. */
bool trend_fit_steps(const struct trend *trend, struct trend_finding *finding);

#endif
