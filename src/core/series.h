/* SPDX-License-Identifier: MIT */
/*
 * The history of one figure in bounded memory: equal steps of time, each with the least, the
 * greatest and the last value. When the steps are used up, two become one, so that hours fit
 * and nothing that stood out is lost. A plain struct: copied by assignment.
 */
#ifndef CORE_SERIES_H
#define CORE_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

#define SERIES_POINTS   240
#define SERIES_STEP_NS  (250 * CLOCK_MS_NS)    /* at the beginning */
#define SERIES_TREND_NS (10 * CLOCK_SECOND_NS) /* shorter histories have no trend */

/* No value in this step: all three are NAN. */
struct series_point {
	float least, most, last;
};

struct series {
	int64_t begin_ns; /* of the first step */
	int64_t step_ns;
	int64_t first_ns, last_ns; /* of the first and the last value */
	size_t count;          /* steps up to that of the last value; 0: no value yet */
	double min, max, last; /* of all values */
	struct series_point points[SERIES_POINTS];
};

struct series_trend {
	double per_second; /* median of the slopes between all pairs of points */
	bool clear;        /* nearly all pairs say up, or nearly all say down */
};

void series_init(struct series *series);
/* Values come in the order of time; one that is older than the last starts over, and one
 * that is not a number, or beyond 1e30, is left out. */
void series_push(struct series *series, int64_t time_ns, double value);
/*
 * The series of at most SERIES_COUNTS counts at the ends of equal steps of time, the last one
 * at last_ns. Between two ends a count changes evenly, or all at once at the times of jumps,
 * oldest first, where any are known for that step.
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
 * The time from..to in `width` equal parts. A part that no value falls into has the last one
 * before it, unless nothing was known yet (NAN). Returns how many parts have a value.
 */
size_t series_resample(const struct series *series, int64_t from_ns, int64_t to_ns,
		       struct series_point *out, size_t width);
/* The trend of the last window_ns (0: of all that is known); false: too few values. */
bool series_trend(const struct series *series, int64_t window_ns,
		  struct series_trend *trend);
/* Nanoseconds until the last value reaches limit if the trend goes on; -1: never, it is there
 * already, or the trend is not clear. */
int64_t series_reaches_ns(const struct series *series, double limit);

#endif
