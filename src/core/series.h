/* SPDX-License-Identifier: MIT */
/*
 * The history of one figure in bounded memory: time steps of equal length, each with the
 * minimum, the maximum and the last value. When all steps are used, pairs of them are
 * merged, so that hours fit without losing extremes. A plain struct that can be copied by
 * assignment.
 */
#ifndef CORE_SERIES_H
#define CORE_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

#define SERIES_POINTS   240
#define SERIES_STEP_NS  (250 * CLOCK_MS_NS)    /* initially */
#define SERIES_TREND_NS (10 * CLOCK_SECOND_NS) /* shorter histories have no trend */

/* If a step has no value, all three are NAN. */
struct series_point {
	float least, most, last;
};

struct series {
	int64_t begin_ns; /* of the first step */
	int64_t step_ns;
	int64_t first_ns, last_ns; /* times of the first and the last value */
	/* number of steps up to that of the last value; 0 if there is no value yet */
	size_t count;
	double first, last, min, max; /* over all values */
	struct series_point points[SERIES_POINTS];
};

struct series_trend {
	double per_second; /* median of the slopes between all pairs of points */
	bool clear;        /* nearly all pairs rise, or nearly all fall */
};

void series_init(struct series *series);
/* Values must be added in chronological order. One that is older than the last starts the
 * series over. A value that is not a number, or beyond 1e30, is ignored. */
void series_push(struct series *series, int64_t time_ns, double value);
/*
 * Builds the series of at most SERIES_COUNTS counts at the ends of equal time steps, the
 * last of which ends at last_ns. Between two ends, a count changes linearly or, if jumps
 * are known for the step (oldest first), all at once at the times of the jumps.
 */
#define SERIES_COUNTS 32
struct series_counts {
	int64_t begin_ns, step_ns, last_ns;
	const uint32_t *list;
	size_t count;
	const int64_t *jumps_ns;
	size_t nr_jumps;
};
void series_of_counts(struct series *series, const struct series_counts *counts);
/*
 * Divides the time from from_ns to to_ns into `width` equal parts. A part without a value
 * repeats the last one before it, and is NAN if there is none. Returns the number of
 * parts with a value.
 */
size_t series_resample(const struct series *series, int64_t from_ns, int64_t to_ns,
		       struct series_point *out, size_t width);
/* Computes the trend over the last window_ns (0: over all values). Returns false if there
 * are too few values. */
bool series_trend(const struct series *series, int64_t window_ns,
		  struct series_trend *trend);
/* Returns the nanoseconds until the last value reaches `limit` if the trend continues.
 * Returns -1 if that never happens, if the value is already there, or if the trend is not
 * clear. */
int64_t series_reaches_ns(const struct series *series, double limit);

#endif
