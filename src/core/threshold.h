/* SPDX-License-Identifier: MIT */
/* How long a wait may last in each state, in the notation of users: --stuck. */
#ifndef CORE_THRESHOLD_H
#define CORE_THRESHOLD_H

#include "base/clock.h"
#include "base/err.h"
#include "core/state.h"

/* Thresholds in ns by state. A task whose threshold is negative is never long or
 * stuck. */
struct thresholds {
	int64_t threshold_ns[STATE_COUNT];
	/* every task in this state that is over the threshold is stuck */
	bool named[STATE_COUNT];
};

#define STUCK_DEFAULT_NS (10 * CLOCK_SECOND_NS)

/* Sets 10 s for every blocking state that is not idle. No state is named. */
void thresholds_init(struct thresholds *thresholds);
/* Parses a duration "10s", a list "mutex=1s,poll=1m,io=30s" of states and classes
 * ("never" disables one), or both: "5s,poll=1m". A class selects those of its states that
 * are not idle, and timer all of its states. A state takes precedence over its class, and
 * both over the bare duration. Returns 0, or ERR_USAGE with the offset. */
int thresholds_parse(struct thresholds *thresholds, const char *text, struct err *e);
bool thresholds_same(const struct thresholds *a, const struct thresholds *b);

#endif
