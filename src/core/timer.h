/* SPDX-License-Identifier: MIT */
/*
 * The timers that the runtime of a target keeps, grouped by what they call and how often.
 * A source fills them in; they are not read with every sample, so the same values may be
 * in several snapshots. Timers of the kernel are in core/resource.h.
 */
#ifndef CORE_TIMER_H
#define CORE_TIMER_H

#include "base/arena.h"
#include "core/trend.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TIMER_GROUPS_MAX   32u
#define TIMER_VARIOUS      (-1) /* tickers with many different periods */
/* How long a timer must have been armed to count for the trend: this part of the time of
 * observation, but not longer than this. */
#define TIMER_STAY_PARTS   16
#define TIMER_STAY_MOST_NS (30 * CLOCK_SECOND_NS)

struct timer_group {
	const char *callback; /* function that the runtime calls, or "" if unknown */
	/* function that the callback runs in a goroutine of its own, or "" */
	const char *function;
	int64_t period_ns; /* of tickers; 0 if the timers fire once, or TIMER_VARIOUS */
	int64_t period_least_ns, period_most_ns; /* of TIMER_VARIOUS: those of most */
	uint32_t count;
	uint32_t full; /* tickers whose channel holds a tick that was not received */
	/* timers that have been armed for a while, in the same rhythm, and for whose
	 * channel no task waits */
	uint32_t stayed;
	int64_t next_ns; /* when the first of them fires, CLOCK_MONOTONIC; 0 if never */
	/* Set by timer_trends_update(). */
	double per_minute;
	enum verdict verdict;
	double score;
	const char *evidence; /* sentences, in the arena; NULL if there is no verdict */
	/* Serial of the leak of tasks that these timers belong to, see core/group.h; 0 if
	 * none. Then they are not counted as a leak. */
	uint64_t lead;
	int64_t spark_begin_ns;
	uint32_t nr_spark; /* counts at equal steps of time up to now */
	uint32_t spark[TREND_BUCKETS];
};

struct timers {
	int64_t count;   /* of armed timers; -1 if they cannot be found */
	int64_t tickers; /* of these, those that fire periodically */
	int64_t read_ns; /* when they were read, CLOCK_MONOTONIC */
	/* A timer that sends to a channel is counted only while a task waits for it. */
	bool waited;
	bool partial;    /* there are more timers than were read */
	uint32_t others; /* timers that are in none of the groups */
	size_t nr_groups;
	struct timer_group groups[TIMER_GROUPS_MAX]; /* the largest first */
};

/* Returns a copy in the arena, or NULL. The names are not copied. */
struct timers *timers_copy(const struct timers *timers, struct arena *arena);
/* Returns the number of groups with this verdict or a worse one that do not belong to a
 * leak of tasks. timers may be NULL. */
size_t timers_leaks(const struct timers *timers, enum verdict least);

/* Returns the number of timers that do the same as those of the group. */
int64_t timers_count_of(const struct timers *timers, const struct timer_group *group);

/* Returns true if the timers only send to a channel, as those of tickers do. */
bool timer_group_sends(const struct timer_group *group);

#define TIMER_TEXT_MAX 400
/* Formats "1,200 tickers of 5.0s that send to a channel". */
const char *timer_group_text(const struct timer_group *group, char out[TIMER_TEXT_MAX]);
/* The same with what else is known: "…, the next in 3.2s; 7 channels are full". */
const char *timer_group_details(const struct timer_group *group, int64_t now_ns,
				char out[TIMER_TEXT_MAX]);
/* Formats "1,240 timers, 1,200 of them tickers", and what is not counted. */
const char *timers_text(const struct timers *timers, char out[TIMER_TEXT_MAX]);

#endif
