/* SPDX-License-Identifier: MIT */
/*
 * Detects a job that adds S tasks every T. Samples only show how many tasks arrived
 * between two of them. A period fits if a whole number of S falls into each of these
 * intervals and none in between. This detects periods down to that of the samples
 * themselves. If tasks arrived in every sample, the period is unknown, because a job that
 * runs more often looks the same.
 *
 * Slow jobs may take several samples to add their tasks while others arrive too. Since
 * small jumps occur all the time, each size that was seen is tried, and the regular jumps
 * of the size with the greatest gain are the steps.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/order.h"
#include "core/trend_private.h"

#define STEPS_LEAST   4u
#define STEPS_QUICK   6u /* if the period is only a few samples */
#define QUICK_SAMPLES 8
/* Fraction of the period: difference between the shortest and the longest interval. */
#define STEPS_VARY    0.25
#define SIZES_VARY    2u
#define OVER_AFTER    2    /* periods without a jump */
#define LONG_JUMP     0.25 /* maximum duration of a jump, as a fraction of the period */
#define AGREES        0.2  /* tolerance of size and period compared with all arrivals */

/* For arrivals. */
#define FIT_LEAST     8u
#define FIT_LATE      0.05 /* fraction of the period: a job may start late */
#define FIT_SIZE      0.25 /* fraction of the size by which a step may differ */
#define FIT_KNOWN     0.2  /* fraction of the period: required accuracy */
/* Fraction of the arrivals between which samples found nothing. */
#define RESTS         0.1
/* Maximum number of steps in one arrival, if samples were missed. */
#define MERGED        4u

struct fit {
	/* step numbers of each arrival */
	double first[TREND_ARRIVALS], last[TREND_ARRIVALS];
	double size, period;
	double low, high; /* range of the period */
	uint32_t rests;
};

double trend_median(double *values, size_t count)
{
	if (count == 0)
		return 0;
	qsort(values, count, sizeof(*values), order_double);
	return count % 2 ? values[count / 2]
			 : (values[count / 2 - 1] + values[count / 2]) / 2;
}

/* Numbers the steps. Returns false if the sizes do not match. */
static bool number_steps(const struct trend_arrival *list, uint32_t count,
			 struct fit *fit)
{
	double sizes[TREND_ARRIVALS], next = 0;

	for (uint32_t i = 0; i < count; i++)
		sizes[i] = list[i].size;
	fit->size = trend_median(sizes, count);
	fit->rests = 0;
	for (uint32_t i = 0; i < count; i++) {
		double steps = round(list[i].size / fit->size);

		if (steps < 1 || steps > MERGED ||
		    fabs(list[i].size - steps * fit->size) > FIT_SIZE * fit->size)
			return false;
		fit->first[i] = next;
		fit->last[i] = next + steps - 1;
		next += steps;
		fit->rests += i > 0 && list[i].after_ns > list[i - 1].time_ns;
	}
	fit->period = (double)(list[count - 1].time_ns - list[0].time_ns) /
		      (fit->last[count - 1] - fit->last[0]);
	return true;
}

static void bound(struct fit *fit, double least_ns, double most_ns, double near,
		  double far)
{
	/* From the last step of one arrival to the first of the other, and from first to
	 * last. */
	if (near > 0)
		fit->low = fmax(fit->low, least_ns / near);
	if (far > 0)
		fit->high = fmin(fit->high, most_ns / far);
}

static bool fit_arrivals(const struct trend_arrival *list, uint32_t count,
			 struct fit *fit)
{
	double late_ns;

	if (!number_steps(list, count, fit))
		return false;
	late_ns = FIT_LATE * fit->period;
	fit->low = 0;
	fit->high = INFINITY;
	for (uint32_t i = 0; i < count; i++)
		for (uint32_t j = i; j < count; j++)
			bound(fit,
			      (double)(list[j].after_ns - list[i].time_ns) - 2 * late_ns,
			      (double)(list[j].time_ns - list[i].after_ns) + 2 * late_ns,
			      fit->first[j] - fit->last[i], fit->last[j] - fit->first[i]);
	if (fit->low > fit->high || fit->high - fit->low > FIT_KNOWN * fit->period ||
	    fit->rests < 2 || fit->rests < RESTS * count)
		return false;
	fit->period = fmin(fmax(fit->period, fit->low), fit->high);
	return true;
}

/* Uses as many of the last arrivals as form a regular series. */
bool trend_fit_steps(const struct trend *trend, struct trend_finding *finding)
{
	struct fit fit;

	for (uint32_t count = trend->nr_arrivals; count >= FIT_LEAST; count--) {
		const struct trend_arrival *list =
			trend->arrivals + trend->nr_arrivals - count;

		if (!fit_arrivals(list, count, &fit))
			continue;
		if ((double)(trend->last_ns - trend->arrived_ns) >
		    OVER_AFTER * fit.period)
			return false;
		finding->quick = true;
		finding->nr_steps = count;
		finding->step_size = (uint32_t)(fit.size + 0.5);
		finding->period_ns = (int64_t)fit.period;
		finding->from_ns = list[0].time_ns;
		return true;
	}
	return false;
}

/* Returns how many of the last of `count` jumps are regular, up to the last one. The time
 * of a jump is only known to within a sample. */
static uint32_t count_regular(const struct trend_jump *jumps, uint32_t count,
			      double sample_ns, double *period)
{
	double intervals[TREND_JUMPS + 1], shortest = 0, longest = 0;
	uint32_t used = 0;

	for (uint32_t i = count - 1; i > 0; i--) {
		double interval = (double)(jumps[i].time_ns - jumps[i - 1].time_ns);
		double low = used == 0 || interval < shortest ? interval : shortest;
		double high = used == 0 || interval > longest ? interval : longest;

		if (high - low > STEPS_VARY * (high + low) / 2 + sample_ns)
			break;
		shortest = low;
		longest = high;
		intervals[used++] = interval;
	}
	*period = trend_median(intervals, used);
	return used + 1;
}

static bool try_size(const struct trend *trend, const struct trend_jump *all,
		     uint32_t nr_all, uint32_t size, struct trend_finding *finding)
{
	struct trend_jump jumps[TREND_JUMPS + 1];
	double sample_ns = (double)(trend->last_ns - trend->first_ns) / trend->samples;
	double sizes[TREND_JUMPS + 1], lasts[TREND_JUMPS + 1], period, whole_ns, sum = 0;
	uint32_t count = 0, steps;

	for (uint32_t i = 0; i < nr_all; i++)
		if (all[i].size * SIZES_VARY >= size && all[i].size <= size * SIZES_VARY)
			jumps[count++] = all[i];
	if (count < STEPS_LEAST)
		return false;
	steps = count_regular(jumps, count, sample_ns, &period);
	if (steps < (period < QUICK_SAMPLES * sample_ns ? STEPS_QUICK : STEPS_LEAST) ||
	    (double)(trend->last_ns - jumps[count - 1].seen_ns) > OVER_AFTER * period)
		return false;
	for (uint32_t i = 0; i < steps; i++) {
		sizes[i] = jumps[count - steps + i].size;
		lasts[i] = (double)(jumps[count - steps + i].last_ns -
				    jumps[count - steps + i].time_ns);
		sum += i > 0 ? sizes[i] : 0;
	}
	whole_ns = (double)(jumps[count - 1].time_ns - jumps[count - steps].time_ns);
	period = whole_ns / (steps - 1);
	/* A rise that lasts for much of the time is a slope, or caused by two jobs, or by
	 * one that is too quick to be resolved. */
	if (trend_median(lasts, steps) > LONG_JUMP * period ||
	    fabs(sum / whole_ns * period / trend_median(sizes, steps) - 1) > AGREES)
		return false;
	finding->nr_steps = steps;
	finding->step_size = (uint32_t)(trend_median(sizes, steps) + 0.5);
	finding->period_ns = (int64_t)period;
	finding->from_ns = jumps[count - steps].time_ns;
	return true;
}

bool trend_find_steps(const struct trend *trend, struct trend_finding *finding)
{
	struct trend_jump jumps[TREND_JUMPS + 1];
	uint32_t count = trend->nr_jumps;
	struct trend_finding best = {0};

	memcpy(jumps, trend->jumps, count * sizeof(jumps[0]));
	if (trend->burst.size > 0)
		jumps[count++] = trend->burst;
	for (uint32_t i = 0; i < count; i++) {
		struct trend_finding found = *finding;

		if (try_size(trend, jumps, count, jumps[i].size, &found) &&
		    (uint64_t)found.nr_steps * found.step_size >
			    (uint64_t)best.nr_steps * best.step_size)
			best = found;
	}
	if (best.nr_steps == 0)
		return false;
	*finding = best;
	return true;
}
