/* SPDX-License-Identifier: MIT */
/*
 * Determines whether a population grows without bound. A trend records the current
 * number, the arrivals and the departures in bounded memory, and judges them by
 * arithmetic on times that the caller provides. What is counted are survivors, see
 * core/group.h.
 */
#ifndef CORE_TREND_H
#define CORE_TREND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

#define TREND_BUCKETS   32
#define TREND_JUMPS     16
#define TREND_ARRIVALS  16
#define TREND_STEP_NS   (50 * CLOCK_MS_NS) /* initial step of both rings */
/* Maximum length of a bucket of the recent ring. */
#define TREND_RECENT_NS (15 * CLOCK_SECOND_NS)
/* A shorter observation is too young for a verdict. */
#define TREND_LEAST_NS  (60 * CLOCK_SECOND_NS)

/* A part of the time. came and left are sums. */
struct trend_bucket {
	uint32_t least, most, last;
	uint32_t came, left;
};

/* When the ring is full, pairs of buckets are merged; once the step is max_step_ns, the
 * oldest bucket is dropped instead. */
struct trend_ring {
	int64_t begin_ns, step_ns, max_step_ns;
	uint32_t count;
	bool slid; /* the beginning has been dropped */
	struct trend_bucket buckets[TREND_BUCKETS];
};

struct trend_jump {
	int64_t time_ns; /* when they arrived; they have been counted since seen_ns */
	int64_t last_ns; /* when the last of them arrived */
	int64_t seen_ns;
	uint32_t size;
};

/* The number of arrivals between two samples. */
struct trend_arrival {
	int64_t after_ns, time_ns;
	uint32_t size;
};

/* The current number, and the arrivals and departures since the previous sample. */
struct trend_flow {
	uint32_t count, came, left;
	/* actual arrival of those that are counted only now; 0 for now */
	int64_t since_ns;
};

struct trend {
	/* the whole time of observation: tasks that stay long */
	struct trend_ring whole;
	/* its end in higher resolution: tasks that stay for a while */
	struct trend_ring recent;
	int64_t first_ns, last_ns;
	uint32_t samples;
	uint32_t first, last;
	uint64_t came, left;
	/* Sudden rises, oldest first, and the one that may be in progress. */
	struct trend_jump jumps[TREND_JUMPS];
	uint32_t nr_jumps;
	struct trend_jump burst; /* size is 0 if there is none */
	uint32_t burst_from;
	uint32_t burst_rest; /* number of samples without a rise since */
	/* The last arrivals, oldest first, and when the newest was counted. */
	struct trend_arrival arrivals[TREND_ARRIVALS];
	uint32_t nr_arrivals;
	int64_t arrived_ns;
	double score; /* of the last judgement; decays */
	int64_t score_ns;
};

enum verdict {
	VERDICT_NONE,
	VERDICT_RECHECK, /* resembles a leak, but is too young or has stopped */
	VERDICT_LEAK,
	VERDICT_PROOF, /* a deadlock, or a wait that nothing can end */
};
const char *verdict_name(enum verdict verdict); /* "", "recheck", "leak", "proof" */

struct trend_finding {
	enum verdict verdict;
	double score;           /* 0 … 100 */
	int64_t from_ns, to_ns; /* the period that the numbers refer to */
	uint32_t from, to;
	double per_second;
	/* windows: parts of that period; rises: how many of them in a row, up to now,
	 * have a higher minimum than the one before */
	uint32_t rises, windows;
	uint64_t came, left;
	bool slows; /* rises more and more slowly */
	/* number of steps of this size and period; 0 if there are no steps */
	uint32_t nr_steps;
	uint32_t step_size;
	int64_t period_ns;
	bool quick; /* each arrival is one step, or a few if samples were missed */
};

void trend_init(struct trend *trend);
/* Call this before trend_push(). The arrivals that are counted in this sample came
 * between the samples at after_ns and time_ns. */
void trend_arrive(struct trend *trend, int64_t now_ns,
		  const struct trend_arrival *arrival);
/* Adds a sample; samples must be in chronological order. elders are those that have been
 * there for a large part of the observed time. */
void trend_push(struct trend *trend, int64_t time_ns, const struct trend_flow *flow,
		const struct trend_flow *elders);
/* least_ns: the minimum time of observation before growth is called a leak. Stores the
 * score. */
void trend_judge(struct trend *trend, int64_t least_ns, struct trend_finding *finding);
/* Returns the change of the count per minute, over the last minute or as much of it as
 * there is. */
double trend_per_minute(const struct trend_ring *ring, int64_t now_ns);

void trend_ring_init(struct trend_ring *ring, int64_t max_step_ns); /* 0 for no limit */
void trend_ring_push(struct trend_ring *ring, int64_t time_ns, uint32_t count,
		     uint32_t came, uint32_t left);

#endif
