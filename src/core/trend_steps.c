/* SPDX-License-Identifier: MIT */
/*
 * Jumps among everything else that rises: small ones come all the time, so each size that
 * was seen is tried, and the regular jumps of that size which gain most are the steps.
 */
#include <string.h>

#include "core/trend_private.h"

#define STEPS_LEAST 4u
#define STEPS_QUICK 6u /* where the period is few looks */
#define QUICK_LOOKS 8
#define STEPS_VARY  0.25 /* of the period, from the shortest to the longest interval */
#define SIZES_VARY  2u
#define OVER_AFTER  2 /* periods without a jump */

/* The last of count jumps that come regularly, in a row up to the last. A jump is known no
 * better than to a look. */
static uint32_t count_regular(const struct trend_jump *jumps, uint32_t count,
			      double look_ns, double *period)
{
	double intervals[TREND_JUMPS + 1], shortest = 0, longest = 0;
	uint32_t used = 0;

	for (uint32_t i = count - 1; i > 0; i--) {
		double interval = (double)(jumps[i].time_ns - jumps[i - 1].time_ns);
		double low = used == 0 || interval < shortest ? interval : shortest;
		double high = used == 0 || interval > longest ? interval : longest;

		if (high - low > STEPS_VARY * (high + low) / 2 + look_ns)
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
	double look_ns = (double)(trend->last_ns - trend->first_ns) / trend->looks;
	double sizes[TREND_JUMPS + 1], period;
	uint32_t count = 0, steps;

	for (uint32_t i = 0; i < nr_all; i++)
		if (all[i].size * SIZES_VARY >= size && all[i].size <= size * SIZES_VARY)
			jumps[count++] = all[i];
	if (count < STEPS_LEAST)
		return false;
	steps = count_regular(jumps, count, look_ns, &period);
	if (steps < (period < QUICK_LOOKS * look_ns ? STEPS_QUICK : STEPS_LEAST) ||
	    (double)(trend->last_ns - jumps[count - 1].seen_ns) > OVER_AFTER * period)
		return false;
	for (uint32_t i = 0; i < steps; i++)
		sizes[i] = jumps[count - steps + i].size;
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
