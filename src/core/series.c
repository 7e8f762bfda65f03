/* SPDX-License-Identifier: MIT */
/* Time steps that are doubled when there is no room for another one. */
#include "core/series.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/order.h"

#define TREND_POINTS   48 /* the number of pairs grows with the square */
#define TREND_LEAST    8
/* Fraction of differing pairs by which one direction must prevail. */
#define TREND_CLEAR    0.8
#define REACHES_MAX_NS (365ll * 24 * 3600 * CLOCK_SECOND_NS)

#define VALUE_MAX      1e30 /* far below the maximum of a float */

static const struct series_point nothing = {NAN, NAN, NAN};

void series_init(struct series *series)
{
	memset(series, 0, sizeof(*series));
	series->step_ns = SERIES_STEP_NS;
}

static void merge_points(struct series_point *into, const struct series_point *later)
{
	if (isnan(later->last))
		return;
	if (isnan(into->last)) {
		*into = *later;
		return;
	}
	into->least = fminf(into->least, later->least);
	into->most = fmaxf(into->most, later->most);
	into->last = later->last;
}

static void halve(struct series *series)
{
	size_t half = 0;

	for (size_t i = 0; i < series->count; i += 2) {
		struct series_point point = series->points[i];

		if (i + 1 < series->count)
			merge_points(&point, &series->points[i + 1]);
		series->points[half++] = point;
	}
	series->count = half;
	series->step_ns *= 2;
}

void series_push(struct series *series, int64_t time_ns, double value)
{
	struct series_point point = {(float)value, (float)value, (float)value};
	uint64_t passed;

	if (!(fabs(value) <= VALUE_MAX))
		return;
	if (series->count > 0 && time_ns < series->last_ns)
		series_init(series);
	if (series->count == 0) {
		series->begin_ns = series->first_ns = time_ns;
		series->first = series->min = series->max = value;
	}
	passed = (uint64_t)time_ns - (uint64_t)series->begin_ns;
	while (passed / (uint64_t)series->step_ns >= SERIES_POINTS)
		halve(series);
	for (size_t at = (size_t)(passed / (uint64_t)series->step_ns);
	     series->count <= at;)
		series->points[series->count++] = nothing;
	merge_points(&series->points[series->count - 1], &point);
	series->min = fmin(series->min, value);
	series->max = fmax(series->max, value);
	series->last = value;
	series->last_ns = time_ns;
}

/* Considers steps that begin between from_ns and to_ns. A step of the series that covers
 * several parts counts for the first one; the other parts repeat its last value. */
size_t series_resample(const struct series *series, int64_t from_ns, int64_t to_ns,
		       struct series_point *out, size_t width)
{
	double part_ns = width > 0 ? (double)(to_ns - from_ns) / (double)width : 0;
	struct series_point before = nothing;
	size_t known = 0, next = 0;

	for (size_t i = 0; i < width; i++) {
		double end_ns = (double)from_ns + part_ns * (double)(i + 1);
		struct series_point part = nothing;

		for (; next < series->count; next++) {
			double at_ns = (double)series->begin_ns +
				       (double)series->step_ns * (double)next;

			if (i + 1 < width ? at_ns >= end_ns : at_ns > end_ns)
				break;
			if (at_ns < (double)from_ns)
				merge_points(&before, &series->points[next]);
			else
				merge_points(&part, &series->points[next]);
		}
		if (isnan(part.last) && !isnan(before.last))
			part = (struct series_point){before.last, before.last,
						     before.last};
		out[i] = before = part;
		known += !isnan(part.last);
	}
	return known;
}

static double median(double *slopes, size_t count)
{
	qsort(slopes, count, sizeof(*slopes), order_double);
	return count % 2 ? slopes[count / 2]
			 : (slopes[count / 2 - 1] + slopes[count / 2]) / 2;
}

bool series_trend(const struct series *series, int64_t window_ns,
		  struct series_trend *trend)
{
	struct series_point points[TREND_POINTS];
	double slopes[TREND_POINTS * (TREND_POINTS - 1) / 2];
	size_t count = 0, width = TREND_POINTS, ups = 0, downs = 0;
	int64_t from_ns = series->first_ns;

	memset(trend, 0, sizeof(*trend));
	if (window_ns > 0 && series->last_ns - from_ns > window_ns)
		from_ns = series->last_ns - window_ns;
	int64_t span_ns = series->last_ns - from_ns;

	if (series->count < TREND_LEAST || span_ns <= 0)
		return false;
	if (width > series->count)
		width = series->count;
	series_resample(series, from_ns, series->last_ns, points, width);
	for (size_t i = 0; i < width; i++) {
		for (size_t j = i + 1; j < width; j++) {
			double rise = (double)points[j].last - (double)points[i].last;

			if (isnan(rise))
				continue;
			slopes[count++] = rise / ((double)(j - i) * (double)span_ns /
						  (double)width / 1e9);
			ups += rise > 0;
			downs += rise < 0;
		}
	}
	if (count < TREND_LEAST)
		return false;
	trend->per_second = median(slopes, count);
	trend->clear = span_ns >= SERIES_TREND_NS && trend->per_second != 0 &&
		       fabs((double)ups - (double)downs) >= TREND_CLEAR * (double)count;
	return true;
}

int64_t series_reaches_ns(const struct series *series, double limit)
{
	struct series_trend trend;
	double seconds;

	if (!series_trend(series, 0, &trend) || !trend.clear)
		return -1;
	seconds = (limit - series->last) / trend.per_second;
	if (!(seconds > 0) || seconds * 1e9 > (double)REACHES_MAX_NS)
		return -1;
	return (int64_t)(seconds * 1e9);
}

static bool rises(const struct series_counts *counts, size_t step)
{
	return step > 0 && step < counts->count &&
	       counts->list[step] > counts->list[step - 1];
}

/* The counts may show a jump one sample earlier or later than the reported time. */
static size_t step_of(const struct series_counts *counts, int64_t jump_ns)
{
	size_t step = jump_ns < counts->begin_ns ? SERIES_COUNTS
						 : (size_t)(jump_ns - counts->begin_ns) /
							   (size_t)counts->step_ns;

	if (rises(counts, step))
		return step;
	if (rises(counts, step + 1))
		return step + 1;
	return step > 0 && rises(counts, step - 1) ? step - 1 : step;
}

/* Returns the count at a time within a step that ends at end_ns. */
static double count_at(const struct series_counts *counts, size_t step, int64_t end_ns,
		       int64_t time_ns)
{
	int64_t begin_ns = counts->begin_ns + (int64_t)step * counts->step_ns;
	double from = counts->list[step > 0 ? step - 1 : 0], to = counts->list[step];
	size_t all = 0, past = 0;

	if (time_ns >= end_ns || end_ns <= begin_ns)
		return to;
	for (size_t i = 0; i < counts->nr_jumps; i++) {
		bool here = step_of(counts, counts->jumps_ns[i]) == step;

		all += here;
		past += here && counts->jumps_ns[i] <= time_ns;
	}
	return from + (to - from) * (all > 0 ? (double)past / (double)all
					     : (double)(time_ns - begin_ns) /
						       (double)(end_ns - begin_ns));
}

void series_of_counts(struct series *series, const struct series_counts *counts)
{
	const size_t parts = SERIES_POINTS / SERIES_COUNTS;
	int64_t part_ns = counts->step_ns / (int64_t)parts;

	series_init(series);
	if (counts->count == 0 || counts->count > SERIES_COUNTS || part_ns <= 0 ||
	    counts->last_ns < counts->begin_ns)
		return;
	series->begin_ns = series->first_ns = counts->begin_ns;
	series->step_ns = part_ns;
	series->last_ns = counts->last_ns;
	series->first = series->min = series->max = counts->list[0];
	for (size_t i = 0; i < counts->count * parts; i++) {
		size_t step = i / parts;
		int64_t step_end_ns =
			counts->begin_ns + (int64_t)(step + 1) * counts->step_ns;
		int64_t time_ns = counts->begin_ns + (int64_t)(i + 1) * part_ns;
		int64_t end_ns =
			step_end_ns < counts->last_ns ? step_end_ns : counts->last_ns;
		float value = (float)count_at(counts, step, end_ns, time_ns);

		if (time_ns - part_ns > counts->last_ns)
			break;
		series->points[series->count++] =
			(struct series_point){value, value, value};
		series->min = fmin(series->min, value);
		series->max = fmax(series->max, value);
	}
	series->last = counts->list[counts->count - 1];
}
