/* SPDX-License-Identifier: MIT */
/*
 * The rule for a leak. After a warm-up, the minima of at least four consecutive parts of
 * the time rise up to now, the slope is positive, the second half is well above the first
 * by more than chance explains for this number of arrivals and departures, and few leave,
 * especially recently. Alternatively, there are jumps with a regular period that are
 * never undone. If half of the gain is lost again it is not a leak, and a rise that slows
 * down is not one yet.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "core/trend.h"
#include "core/trend_private.h"

#define WINDOWS_MAX    16u
#define RISES_LEAST    4u
#define GAIN_LEAST     3.0
#define GAIN_SHARE     0.02 /* fraction of the current number */
#define GAIN_CHANCE    2.5  /* standard deviations of a random walk */
/* Expected number of rises since the last one, above which the rise is over. */
#define STILL_LEAST    3.5
#define SLOW_SHARE     0.6 /* fraction of the overall pace */
#define SLOW_CHANCE    2.0 /* standard deviations */
#define LEAVES_AT_MOST 0.5 /* fraction of arrivals */
/* Maximum difference between the pace of the steps and the overall pace. */
#define PACE_AGREES    0.2
#define SCORE_LEAK     60.0
#define SCORE_RECHECK  30.0

struct windows {
	uint32_t floor[WINDOWS_MAX], spread[WINDOWS_MAX];
	uint32_t count;
	uint32_t rises; /* consecutive, up to the last */
	uint64_t came, left;
	uint64_t late_came, late_left; /* in the last quarter */
	/* number of buckets, and of those in which the count rose */
	uint32_t buckets, risen;
	uint32_t flat;                       /* number of buckets since the last rise */
	uint32_t early_buckets, early_risen; /* in the first two thirds */
	int64_t from_ns, window_ns;
	/* gain of a bucket; sum of the squares of its changes */
	double last_gain, gain_changes;
	double slope; /* per window */
	bool fell;
};

static double median_of(const uint32_t *list, size_t count)
{
	double values[WINDOWS_MAX];

	for (size_t i = 0; i < count; i++)
		values[i] = list[i];
	return trend_median(values, count);
}

/* Theil-Sen estimator: the median of the slopes between all pairs. */
static double slope_of(const uint32_t *floor, uint32_t count)
{
	double slopes[WINDOWS_MAX * (WINDOWS_MAX - 1) / 2];
	size_t used = 0;

	for (uint32_t i = 0; i < count; i++)
		for (uint32_t j = i + 1; j < count; j++)
			slopes[used++] =
				((double)floor[j] - (double)floor[i]) / (double)(j - i);
	return trend_median(slopes, used);
}

static void take_bucket(struct windows *w, const struct trend_ring *ring, uint32_t i,
			bool early, bool late)
{
	const struct trend_bucket *bucket = &ring->buckets[i];
	double gain = (double)bucket->came - (double)bucket->left;
	bool rose = bucket->last > (i > 0 ? ring->buckets[i - 1].last : bucket->least);

	if (w->buckets > 0)
		w->gain_changes += (gain - w->last_gain) * (gain - w->last_gain);
	w->last_gain = gain;
	w->came += bucket->came;
	w->left += bucket->left;
	w->late_came += late ? bucket->came : 0;
	w->late_left += late ? bucket->left : 0;
	w->buckets++;
	w->risen += rose;
	w->early_buckets += early;
	w->early_risen += early && rose;
	w->flat = rose ? 0 : w->flat + 1;
}

/* Divides the ring into `parts` periods, and leaves out the first quarter unless it was
 * dropped long ago. */
static void divide_ring(const struct trend_ring *ring, uint32_t parts, struct windows *w)
{
	uint32_t skip = ring->slid ? 0 : parts / 4, highest = 0;
	double drop = 0;

	memset(w, 0, sizeof(*w));
	w->window_ns = ring->step_ns * ring->count / parts;
	w->from_ns = ring->begin_ns + (int64_t)skip * w->window_ns;
	for (uint32_t part = skip; part < parts; part++) {
		uint32_t least = UINT32_MAX, most = 0;

		for (uint32_t i = part * ring->count / parts;
		     i < (part + 1) * ring->count / parts; i++) {
			const struct trend_bucket *bucket = &ring->buckets[i];

			least = bucket->least < least ? bucket->least : least;
			most = bucket->most > most ? bucket->most : most;
			take_bucket(w, ring, i, (parts - part) * 3 > parts - skip,
				    (parts - part) * 4 <= parts - skip);
			drop = fmax(drop, (double)highest - (double)bucket->least);
			highest = bucket->last > highest ? bucket->last : highest;
		}
		w->rises =
			w->count > 0 && least > w->floor[w->count - 1] ? w->rises + 1 : 0;
		w->spread[w->count] = most - least;
		w->floor[w->count++] = least;
	}
	/* Nothing has been added since the last part began, so the rise may be over. */
	if (ring->count > 0 && w->count > 0 &&
	    ring->buckets[ring->count - 1].last <= w->floor[w->count - 1])
		w->rises = 0;
	if (w->risen * w->flat > STILL_LEAST * w->buckets)
		w->rises = 0;
	w->fell = drop > 1 && drop * 2 > (double)highest - (double)w->floor[0];
}

/* Returns whether the gain exceeds the normal fluctuation. */
static bool is_well_above(const struct windows *w)
{
	uint32_t half = w->count / 2;
	double first = median_of(w->floor, half);
	double second = median_of(w->floor + w->count - half, half);
	double noise = median_of(w->spread, w->count) - 2 * w->slope;
	double least = fmax(GAIN_LEAST, GAIN_SHARE * first);

	return second - first >= fmax(least, noise);
}

/* A random walk moves as far as the square root of the number of its steps. */
static bool exceeds_chance(uint64_t came, uint64_t left)
{
	double gain = (double)came - (double)left;

	return gain >= GAIN_CHANCE * sqrt((double)came + (double)left);
}

static bool few_leave(uint64_t came, uint64_t left)
{
	return came > 0 && (double)left <= LEAVES_AT_MOST * (double)came;
}

static bool passes_rule(const struct windows *w)
{
	return w->rises >= RISES_LEAST && !w->fell && few_leave(w->came, w->left) &&
	       (w->late_left == 0 || few_leave(w->late_came, w->late_left)) &&
	       exceeds_chance(w->came, w->left) && w->slope > 0 && is_well_above(w);
}

/*
 * If the count has risen all the time, the last third shows whether the pace has dropped
 * by more than chance. If it has risen only rarely, that cannot be decided.
 */
static bool slows_down(const struct windows *w)
{
	uint32_t third = w->count / 3;
	double last, expected, variance;

	if (third == 0 || w->early_risen * 4 < w->early_buckets * 3)
		return false;
	last = (double)w->floor[w->count - 1] - (double)w->floor[w->count - 1 - third];
	expected = ((double)w->floor[w->count - 1] - (double)w->floor[0]) * third /
		   (w->count - 1);
	/* Computed from the changes between neighbouring buckets, so that it does not
	 * include the trend. */
	variance = w->gain_changes / (2.0 * (w->buckets - 1));
	return last < SLOW_SHARE * expected &&
	       expected - last > SLOW_CHANCE * sqrt(variance * w->buckets / 3);
}

/* Tests the rule with parts of several lengths. *best are the windows with the most
 * rises. */
static bool ring_rises(const struct trend_ring *ring, struct windows *best)
{
	static const uint32_t lengths[] = {16, 12, 10, 8, 7, 6};
	bool found = false;

	for (size_t i = 0; i < ARRAY_COUNT(lengths); i++) {
		struct windows w;

		if (ring->count < lengths[i])
			continue;
		divide_ring(ring, lengths[i], &w);
		if (w.rises < RISES_LEAST || (found && w.rises <= best->rises))
			continue;
		w.slope = slope_of(w.floor, w.count);
		if (!passes_rule(&w))
			continue;
		*best = w;
		found = true;
	}
	return found;
}

/* Returns whether the count was never this high before the recent ring began. Otherwise
 * the rise may be periodic. */
static bool is_new_high(const struct trend *trend)
{
	const struct trend_ring *whole = &trend->whole;

	if (!trend->recent.slid)
		return true;
	for (uint32_t i = 0; i < whole->count; i++)
		if (whole->begin_ns + (int64_t)(i + 1) * whole->step_ns <=
			    trend->recent.begin_ns &&
		    whole->buckets[i].most >= trend->last)
			return false;
	return true;
}

/* The ring must not be empty. */
static uint32_t value_at(const struct trend_ring *ring, int64_t time_ns)
{
	int64_t at = (time_ns - ring->begin_ns) / ring->step_ns;

	if (at < 0)
		at = 0;
	return ring->buckets[at < ring->count ? at : ring->count - 1].least;
}

static void count_flow(const struct trend_ring *ring, int64_t from_ns,
		       struct trend_finding *finding)
{
	for (uint32_t i = 0; i < ring->count; i++) {
		if (ring->begin_ns + (int64_t)(i + 1) * ring->step_ns <= from_ns)
			continue;
		finding->came += ring->buckets[i].came;
		finding->left += ring->buckets[i].left;
	}
}

/* If the paces differ, something else rises too or the steps have only begun. Reporting a
 * period next to another pace would be confusing. */
static void drop_steps_of_another_pace(struct trend_finding *finding)
{
	double pace;

	if (finding->nr_steps == 0)
		return;
	pace = finding->step_size * 1e9 / (double)finding->period_ns;
	if (fabs(pace - finding->per_second) > PACE_AGREES * finding->per_second)
		finding->nr_steps = 0;
}

/* Determines whether the count is rising now, and the numbers that show it. */
static double judge_now(const struct trend *trend, struct trend_finding *finding)
{
	const struct trend_ring *ring = &trend->whole;
	struct windows w;
	bool steps = trend_find_steps(trend, finding);
	bool rises = ring_rises(ring, &w);

	if (!rises && trend->recent.slid && is_new_high(trend)) {
		ring = &trend->recent;
		rises = ring_rises(ring, &w);
	}
	if (!rises && !steps)
		return 0;
	if (rises) {
		finding->rises = w.rises;
		finding->windows = w.count;
		trend_fit_steps(trend, finding);
		finding->from_ns = w.from_ns;
		finding->per_second = w.slope * 1e9 / (double)w.window_ns;
		drop_steps_of_another_pace(finding);
	} else {
		/* The recent ring is empty after a pause longer than its length. */
		ring = trend->recent.count > 0 ? &trend->recent : &trend->whole;
		finding->per_second =
			finding->step_size * 1e9 / (double)finding->period_ns;
	}
	if (ring->count == 0)
		return 0;
	count_flow(ring, finding->from_ns, finding);
	finding->from = value_at(ring, finding->from_ns);
	if (!rises && (!few_leave(finding->came, finding->left) ||
		       !exceeds_chance(finding->came, finding->left) ||
		       trend->last < finding->from + GAIN_LEAST || !is_new_high(trend)))
		return 0;
	finding->slows = rises && !steps && slows_down(&w);
	if (finding->slows)
		return SCORE_RECHECK + 15;
	return SCORE_LEAK + 10 + (finding->left == 0 ? 10 : 0) + (steps ? 10 : 0) +
	       fmin(10, rises ? w.rises - RISES_LEAST : 0);
}

/* Returns whether the gain is lost again. An older score is discarded then. */
static bool has_fallen(const struct trend *trend)
{
	const struct trend_ring *ring = &trend->recent;
	uint32_t highest = 0, lowest = UINT32_MAX;

	for (uint32_t i = 0; i < ring->count; i++) {
		highest =
			ring->buckets[i].most > highest ? ring->buckets[i].most : highest;
		lowest =
			ring->buckets[i].least < lowest ? ring->buckets[i].least : lowest;
	}
	return ((uint64_t)highest - trend->last) * 2 > (uint64_t)highest - lowest;
}

void trend_judge(struct trend *trend, int64_t least_ns, struct trend_finding *finding)
{
	int64_t watched_ns = trend->last_ns - trend->first_ns;
	double half_life_ns = fmax((double)watched_ns / 6, 1e9), score = 0;

	memset(finding, 0, sizeof(*finding));
	finding->to_ns = trend->last_ns;
	finding->to = trend->last;
	finding->from_ns = trend->first_ns;
	finding->from = trend->first;
	if (trend->last > 0 && trend->came > 0)
		score = judge_now(trend, finding);
	if (watched_ns < least_ns && score >= SCORE_LEAK)
		score = SCORE_LEAK - 10;
	if (score == 0)
		finding->nr_steps = 0;
	if (trend->score > 0 && !finding->slows && !has_fallen(trend))
		score = fmax(score, trend->score * exp2(-(double)(trend->last_ns -
								  trend->score_ns) /
							half_life_ns));
	trend->score = score < 1 ? 0 : score;
	trend->score_ns = trend->last_ns;
	finding->score = trend->score;
	finding->verdict = score >= SCORE_LEAK      ? VERDICT_LEAK
			   : score >= SCORE_RECHECK ? VERDICT_RECHECK
						    : VERDICT_NONE;
}
