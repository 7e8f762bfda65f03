/* SPDX-License-Identifier: MIT */
/* How long a wait may take, by state, as users write it: --stuck. */
#ifndef CORE_STUCK_H
#define CORE_STUCK_H

#include "base/clock.h"
#include "base/err.h"
#include "core/state.h"

/* Thresholds in ns by state; < 0: never long or stuck. */
struct stuck_rule {
	int64_t threshold_ns[STATE_COUNT];
	bool named[STATE_COUNT]; /* past it, every task in this state is stuck */
};

#define STUCK_DEFAULT_NS (10 * CLOCK_SECOND_NS)

/* 10 s for every blocking state that is not idle; none is named. */
void stuck_rule_init(struct stuck_rule *rule);
/* "10s", or "mutex=1s,poll=1m,io=30s" (a state or class; "never" switches off), or both:
 * "5s,poll=1m". A class means its states that are not idle (timer: all); a state wins over
 * its class, and both over the bare duration. Returns 0 or ERR_USAGE with the offset. */
int stuck_rule_parse(struct stuck_rule *rule, const char *text, struct err *e);
bool stuck_rule_same(const struct stuck_rule *a, const struct stuck_rule *b);

#endif
