/* SPDX-License-Identifier: MIT */
/* Rises of neighbouring points form one jump. A slope is not a jump, so a jump may only
 * last for a few points. */
#include "core/steps.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/order.h"

#define JUMP_POINTS  3 /* maximum length of a jump */
/* In points: with a shorter period, steps cannot be distinguished from a slope. */
#define PERIOD_LEAST 4
#define VARY         0.25 /* maximum deviation, as a fraction of the mean interval */
#define FALLS        0.25 /* maximum, as a fraction of all rises */
#define OF_RISE      0.75 /* minimum fraction of the rise that the steps account for */
#define LONG_JUMP    0.25 /* fraction of the period: a longer rise is a slope */

struct jump {
	int64_t time_ns;
	double size;
	size_t points;
};

struct jumps {
	struct jump list[SERIES_POINTS];
	size_t count;
	double rises, falls, largest;
};

static void find_jumps(const struct series *series, struct jumps *jumps)
{
	float before = NAN;
	bool rising = false;

	memset(jumps, 0, sizeof(*jumps));
	for (size_t i = 0; i < series->count; i++) {
		float now = series->points[i].last;
		double rise = (double)now - (double)before;

		if (isnan(now))
			continue;
		before = now;
		if (isnan(rise))
			continue;
		if (rise > 0 && !rising)
			jumps->list[jumps->count++] = (struct jump){
				series->begin_ns + (int64_t)i * series->step_ns, 0, 0};
		rising = rise > 0;
		jumps->falls += rise < 0 ? -rise : 0;
		if (!rising)
			continue;
		jumps->list[jumps->count - 1].size += rise;
		jumps->list[jumps->count - 1].points++;
		jumps->rises += rise;
		jumps->largest = fmax(jumps->largest, jumps->list[jumps->count - 1].size);
	}
}

/* Returns whether the jumps from `first` on occur at equal intervals. */
static bool is_regular(const struct jumps *jumps, size_t first, int64_t least_ns,
		       int64_t *period_ns)
{
	const struct jump *last = &jumps->list[jumps->count - 1];
	double mean = (double)(last->time_ns - jumps->list[first].time_ns) /
		      (double)(jumps->count - 1 - first);

	for (size_t i = first + 1; i < jumps->count; i++) {
		double interval =
			(double)(jumps->list[i].time_ns - jumps->list[i - 1].time_ns);

		if (fabs(interval - mean) > VARY * mean)
			return false;
	}
	*period_ns = (int64_t)mean;
	return *period_ns >= least_ns;
}

/* Returns the median duration of the jumps, from point to point. */
static double usual_length_ns(const struct jumps *jumps, int64_t step_ns)
{
	double lengths[SERIES_POINTS] = {0};

	for (size_t i = 0; i < jumps->count; i++)
		lengths[i] = (double)(jumps->list[i].points - 1) * (double)step_ns;
	qsort(lengths, jumps->count, sizeof(lengths[0]), order_double);
	return lengths[jumps->count / 2];
}

bool steps_find(const struct series *series, struct steps *steps)
{
	double sizes[SERIES_POINTS], sum = 0;
	struct jumps jumps;
	size_t kept = 0, first;

	steps->count = 0;
	find_jumps(series, &jumps);
	if (jumps.rises <= 0 || jumps.falls > FALLS * jumps.rises)
		return false;
	for (size_t i = 0; i < jumps.count; i++) {
		if (jumps.list[i].points > JUMP_POINTS ||
		    jumps.list[i].size < jumps.largest / 2)
			continue;
		sum += jumps.list[i].size;
		jumps.list[kept++] = jumps.list[i];
	}
	jumps.count = kept;
	if (kept < STEPS_LEAST || sum < OF_RISE * jumps.rises ||
	    !is_regular(&jumps, 0, PERIOD_LEAST * series->step_ns, &steps->period_ns) ||
	    usual_length_ns(&jumps, series->step_ns) >
		    LONG_JUMP * (double)steps->period_ns)
		return false;
	first = kept > STEPS_MAX ? kept - STEPS_MAX : 0;
	for (size_t i = 0; i < kept; i++)
		sizes[i] = jumps.list[i].size;
	for (size_t i = first; i < kept; i++)
		steps->times_ns[i - first] = jumps.list[i].time_ns;
	qsort(sizes, kept, sizeof(sizes[0]), order_double);
	steps->size = sizes[kept / 2];
	steps->count = kept - first;
	return true;
}
