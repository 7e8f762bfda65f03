/* SPDX-License-Identifier: MIT */
/* What the trend_*.c files share. */
#ifndef CORE_TREND_PRIVATE_H
#define CORE_TREND_PRIVATE_H

#include <stddef.h>

#include "core/trend.h"

/* Sorts the values; 0 of none. */
double trend_median(double *values, size_t count);
/* Jumps of one size, within a factor of two, that come in a regular period up to now. Fills
 * nr_steps, step_size, period_ns and from_ns. */
bool trend_find_steps(const struct trend *trend, struct trend_finding *finding);
/* The same of what came between which looks: also quick jobs, but only where nothing else
 * comes. It describes a rise; chance makes such a row too often to prove one. */
bool trend_fit_steps(const struct trend *trend, struct trend_finding *finding);

#endif
