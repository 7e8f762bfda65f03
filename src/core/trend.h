/* SPDX-License-Identifier: MIT */
/*
 * Does a population grow without end? A trend keeps how many there were, came and left, in
 * bounded memory, and judges it: pure arithmetic on times that the caller gives. What is
 * counted are survivors, see core/group.h.
 */
#ifndef CORE_TREND_H
#define CORE_TREND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

#define TREND_BUCKETS  32
#define TREND_JUMPS    16
#define TREND_ARRIVALS 16
#define TREND_STEP_NS  (50 * CLOCK_MS_NS) /* of both rings, at the beginning */
#define TREND_RECENT_NS                                                                  \
	(15 * CLOCK_SECOND_NS) /* a bucket of the recent ring is never longer */
#define TREND_LEAST_NS                                                                   \
	(60 * CLOCK_SECOND_NS) /* a shorter watch is too young for a verdict */

/* Equal parts of time; what came and left are sums. */
struct trend_bucket {
	uint32_t least, most, last;
	uint32_t came, left;
};

/* When full, two buckets become one; at max_step_ns the oldest is dropped instead. */
struct trend_ring {
	int64_t begin_ns, step_ns, max_step_ns;
	uint32_t count;
	bool slid; /* the beginning has been dropped */
	struct trend_bucket buckets[TREND_BUCKETS];
};

struct trend_jump {
	int64_t time_ns; /* they came then, and have been counted since seen_ns */
	int64_t last_ns; /* the last of them came then */
	int64_t seen_ns;
	uint32_t size;
};

/* So many came between two looks. */
struct trend_arrival {
	int64_t after_ns, time_ns;
	uint32_t size;
};

/* How many are there, and how many came and left since the look before. */
struct trend_flow {
	uint32_t count, came, left;
	int64_t since_ns; /* when they really came, who are counted only now; 0: now */
};

struct trend {
	struct trend_ring whole;  /* all of the time watched: those who stay long */
	struct trend_ring recent; /* its end, finer: those who stay a while */
	int64_t first_ns, last_ns;
	uint32_t looks;
	uint32_t first, last;
	uint64_t came, left;
	/* Rises at once, oldest first, and the one that may be under way. */
	struct trend_jump jumps[TREND_JUMPS];
	uint32_t nr_jumps;
	struct trend_jump burst; /* size 0: none */
	uint32_t burst_from;
	uint32_t burst_rest; /* looks without a rise since */
	/* The last ones, oldest first, and when the newest was counted. */
	struct trend_arrival arrivals[TREND_ARRIVALS];
	uint32_t nr_arrivals;
	int64_t arrived_ns;
	double score; /* of the last judgement, decays */
	int64_t score_ns;
};

enum verdict {
	VERDICT_NONE,
	VERDICT_RECHECK, /* looks like a leak, but is too young or has stopped */
	VERDICT_LEAK,
	VERDICT_PROOF, /* a deadlock, or a wait that nobody can end */
};
const char *verdict_name(enum verdict verdict); /* "", "recheck", "leak", "proof" */

struct trend_finding {
	enum verdict verdict;
	double score;           /* 0 … 100 */
	int64_t from_ns, to_ns; /* the time that the numbers are about */
	uint32_t from, to;
	double per_second;
	uint32_t rises,
		windows; /* parts of that time, in a row up to now, that began higher */
	uint64_t came, left;
	bool slows;        /* rises, but ever less */
	uint32_t nr_steps; /* 0: no steps; else how many of this size in this period */
	uint32_t step_size;
	int64_t period_ns;
	bool quick; /* each arrival is one, or a few where looks were missed */
};

void trend_init(struct trend *trend);
/* Before trend_push(): of those who are counted in this look, these came between the looks
 * at after_ns and time_ns. */
void trend_arrive(struct trend *trend, int64_t now_ns,
		  const struct trend_arrival *arrival);
/* A look; they come in the order of time. elders: those of them who have been there for a
 * good part of the time watched. */
void trend_push(struct trend *trend, int64_t time_ns, const struct trend_flow *flow,
		const struct trend_flow *elders);
/* least_ns: how long must have been watched before growth is called a leak. Remembers the
 * score. */
void trend_judge(struct trend *trend, int64_t least_ns, struct trend_finding *finding);
/* Change of the count in a minute, over the last minute or what there is of it. */
double trend_per_minute(const struct trend_ring *ring, int64_t now_ns);

void trend_ring_init(struct trend_ring *ring, int64_t max_step_ns); /* 0: no limit */
void trend_ring_push(struct trend_ring *ring, int64_t time_ns, uint32_t count,
		     uint32_t came, uint32_t left);

#endif
