/* SPDX-License-Identifier: MIT */
/* The scale of a plot: from where to where its axis of values goes, and its round
 * numbers. */
#ifndef CORE_SCALE_H
#define CORE_SCALE_H

#include <stdbool.h>

#define SCALE_TICKS_MAX 16

struct scale {
	double low, high; /* multiples of the step; low < high */
	double step;
	int ticks; /* numbers from low to high, at most SCALE_TICKS_MAX */
};

struct scale_range {
	double least, most; /* of the values; swapped if there are none */
	double limit;       /* also shown if the values are near it; 0 if none */
	double parts;       /* the range is divided into about this many */
	bool binary;        /* values are bytes: the step is a power of two */
};

/* The scale begins at 0 if the values vary widely, or not at all. */
void scale_choose(struct scale *scale, const struct scale_range *range);

#endif
