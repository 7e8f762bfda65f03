/* SPDX-License-Identifier: MIT */
#include "core/scale.h"

#include <math.h>
#include <stddef.h>

/* Returns the step, 1, 2 or 5 times a power of ten (for bytes a power of two), that
 * divides span into at most `most` parts. */
static double nice_step(double span, double most, bool binary)
{
	static const double decimal[] = {1, 2, 5};
	double least = span / most, unit;

	if (!(least > 0))
		return 1;
	if (binary)
		return fmax(exp2(ceil(log2(least))), 1);
	unit = pow(10, floor(log10(least)));
	for (size_t i = 0; i < 3; i++)
		if (unit * decimal[i] >= least)
			return unit * decimal[i];
	return unit * 10;
}

void scale_choose(struct scale *scale, const struct scale_range *range)
{
	double low = range->least, high = range->most;

	if (!(low <= high))
		low = high = 0;
	if (range->limit > high && high >= range->limit * 0.5)
		high = range->limit;
	if (low < high * 0.6 || high - low > low || high <= low)
		low = 0;
	high = fmax(high, low + fmax(1, fabs(low) * 1e-6));
	scale->step = nice_step(high - low, range->parts, range->binary);
	scale->step = fmax(scale->step, 1); /* counts are whole */
	if (range->binary)                  /* sizes have two digits */
		scale->step = fmax(scale->step, exp2(floor(log2(high)) - 3));
	scale->low = floor(low / scale->step) * scale->step;
	scale->high = ceil(high / scale->step) * scale->step;
	scale->ticks = (int)fmin((scale->high - scale->low) / scale->step + 1.5,
				 SCALE_TICKS_MAX);
}
