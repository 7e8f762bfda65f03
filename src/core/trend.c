/* SPDX-License-Identifier: MIT */
/* The memory of a trend: two rings of buckets, and rises that happened at once. */
#include "core/trend.h"

#include <string.h>

#include "base/clock.h"

#define BURST_RESTS 2u /* number of samples without a rise that end a jump */

const char *verdict_name(enum verdict verdict)
{
	static const char *const names[] = {
		[VERDICT_NONE] = "",
		[VERDICT_RECHECK] = "recheck",
		[VERDICT_LEAK] = "leak",
		[VERDICT_PROOF] = "proof",
	};

	return names[verdict <= VERDICT_PROOF ? verdict : VERDICT_NONE];
}

void trend_ring_init(struct trend_ring *ring, int64_t max_step_ns)
{
	memset(ring, 0, sizeof(*ring));
	ring->step_ns = TREND_STEP_NS;
	ring->max_step_ns = max_step_ns > 0 ? max_step_ns : INT64_MAX;
}

static void merge_buckets(struct trend_bucket *into, const struct trend_bucket *later)
{
	if (later->least < into->least)
		into->least = later->least;
	if (later->most > into->most)
		into->most = later->most;
	into->last = later->last;
	into->came += later->came;
	into->left += later->left;
}

static void make_room(struct trend_ring *ring)
{
	uint32_t half = 0;

	if (ring->step_ns * 2 > ring->max_step_ns) {
		memmove(&ring->buckets[0], &ring->buckets[1],
			(TREND_BUCKETS - 1) * sizeof(ring->buckets[0]));
		ring->begin_ns += ring->step_ns;
		ring->count -= ring->count > 0;
		ring->slid = true;
		return;
	}
	for (uint32_t i = 0; i < ring->count; i += 2) {
		ring->buckets[half] = ring->buckets[i];
		if (i + 1 < ring->count)
			merge_buckets(&ring->buckets[half], &ring->buckets[i + 1]);
		half++;
	}
	ring->count = half;
	ring->step_ns *= 2;
}

/* Skips a long pause in one step instead of sliding bucket by bucket. */
static void skip_pause(struct trend_ring *ring, int64_t time_ns)
{
	int64_t span_ns = ring->step_ns * TREND_BUCKETS;

	if (ring->step_ns * 2 <= ring->max_step_ns || ring->count == 0 ||
	    time_ns - ring->begin_ns < 2 * span_ns)
		return;
	struct trend_bucket held = ring->buckets[ring->count - 1];

	held.least = held.most = held.last;
	held.came = held.left = 0;
	ring->begin_ns = time_ns - span_ns;
	ring->buckets[0] = held;
	ring->count = 1;
	ring->slid = true;
}

void trend_ring_push(struct trend_ring *ring, int64_t time_ns, uint32_t count,
		     uint32_t came, uint32_t left)
{
	struct trend_bucket now = {count, count, count, came, left};
	uint64_t at;

	if (ring->count == 0)
		ring->begin_ns = time_ns;
	skip_pause(ring, time_ns);
	while ((at = (uint64_t)(time_ns - ring->begin_ns) / (uint64_t)ring->step_ns) >=
	       TREND_BUCKETS)
		make_room(ring);
	/* Between two samples the count is assumed to be that of the first. */
	while (ring->count > 0 && ring->count < at) {
		uint32_t held = ring->buckets[ring->count - 1].last;

		ring->buckets[ring->count++] =
			(struct trend_bucket){held, held, held, 0, 0};
	}
	if (ring->count == at)
		ring->buckets[ring->count++] = now;
	else
		merge_buckets(&ring->buckets[at], &now);
}

double trend_per_minute(const struct trend_ring *ring, int64_t now_ns)
{
	const int64_t minute_ns = CLOCK_MINUTE_NS;
	uint32_t at = 0;
	int64_t from_ns;

	if (ring->count < 2)
		return 0;
	while (at + 2 < ring->count &&
	       ring->begin_ns + (int64_t)(at + 1) * ring->step_ns < now_ns - minute_ns)
		at++;
	/* A bucket's last value is the one at its end. */
	from_ns = ring->begin_ns + (int64_t)(at + 1) * ring->step_ns;
	if (now_ns - from_ns < ring->step_ns)
		return 0;
	return ((double)ring->buckets[ring->count - 1].last -
		(double)ring->buckets[at].last) *
	       (double)minute_ns / (double)(now_ns - from_ns);
}

void trend_init(struct trend *trend)
{
	memset(trend, 0, sizeof(*trend));
	trend_ring_init(&trend->whole, 0);
	trend_ring_init(&trend->recent, TREND_RECENT_NS);
}

/* The oldest jump is replaced, but a small one before a large one, because large ones are
 * rare and remain significant. */
static void keep_jump(struct trend *trend, const struct trend_jump *jump)
{
	uint32_t out = 0;

	if (trend->nr_jumps == TREND_JUMPS) {
		for (uint32_t i = 1; i < TREND_JUMPS / 2; i++)
			if (trend->jumps[i].size * 2 <= trend->jumps[out].size)
				out = i;
		memmove(&trend->jumps[out], &trend->jumps[out + 1],
			(TREND_JUMPS - out - 1) * sizeof(trend->jumps[0]));
		trend->nr_jumps--;
	}
	trend->jumps[trend->nr_jumps++] = *jump;
}

/* A fall cancels the last jumps that are not much larger than it. */
static void undo_jumps(struct trend *trend, uint32_t fall)
{
	while (trend->nr_jumps > 0 &&
	       fall >= (trend->jumps[trend->nr_jumps - 1].size + 1) / 2)
		trend->nr_jumps--;
}

/* A rise over several consecutive samples counts as one jump. A rise that is reversed
 * does not count. */
static void note_jump(struct trend *trend, int64_t time_ns, const struct trend_flow *flow)
{
	struct trend_jump *burst = &trend->burst;
	uint32_t count = flow->count;

	if (count > trend->last) {
		if (burst->size == 0) {
			burst->time_ns = flow->since_ns > 0 ? flow->since_ns : time_ns;
			burst->seen_ns = time_ns;
			trend->burst_from = trend->last;
		}
		burst->last_ns = flow->since_ns > 0 ? flow->since_ns : time_ns;
		burst->size = count - trend->burst_from;
		trend->burst_rest = 0;
		return;
	}
	if (burst->size > 0 && count < trend->last)
		burst->size = count > trend->burst_from ? count - trend->burst_from : 0;
	if (burst->size > 0 && ++trend->burst_rest >= BURST_RESTS) {
		keep_jump(trend, burst);
		burst->size = 0;
	} else if (burst->size == 0 && count < trend->last) {
		undo_jumps(trend, trend->last - count);
	}
}

void trend_arrive(struct trend *trend, int64_t now_ns,
		  const struct trend_arrival *arrival)
{
	struct trend_arrival *list = trend->arrivals;
	uint32_t at = trend->nr_arrivals;

	trend->arrived_ns = now_ns;
	/* Arrivals are counted approximately in the order in which they occurred. */
	while (at > 0 && list[at - 1].time_ns > arrival->time_ns)
		at--;
	if (at > 0 && list[at - 1].time_ns == arrival->time_ns) {
		list[at - 1].size += arrival->size;
		return;
	}
	if (trend->nr_arrivals == TREND_ARRIVALS) {
		if (at == 0)
			return;
		at--;
		memmove(list, list + 1, at * sizeof(*list));
	} else {
		memmove(list + at + 1, list + at,
			(trend->nr_arrivals - at) * sizeof(*list));
		trend->nr_arrivals++;
	}
	list[at] = *arrival;
}

void trend_push(struct trend *trend, int64_t time_ns, const struct trend_flow *flow,
		const struct trend_flow *elders)
{
	if (trend->whole.count == 0) {
		trend->first_ns = time_ns;
		trend->first = trend->last = flow->count;
	} else if (time_ns < trend->last_ns) {
		return;
	}
	trend->samples++;
	note_jump(trend, time_ns, flow);
	trend_ring_push(&trend->whole, time_ns, elders->count, elders->came,
			elders->left);
	trend_ring_push(&trend->recent, time_ns, flow->count, flow->came, flow->left);
	trend->came += flow->came;
	trend->left += flow->left;
	trend->last = flow->count;
	trend->last_ns = time_ns;
}
