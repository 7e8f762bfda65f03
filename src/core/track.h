/* SPDX-License-Identifier: MIT */
/*
 * What one look cannot know: since when a task is in its state where the source cannot
 * say, whether the stuck rule held in two looks in a row, and each task's recent states.
 * Owned by the thread that takes the snapshots, but for track_history().
 */
#ifndef CORE_TRACK_H
#define CORE_TRACK_H

#include "base/err.h"
#include "core/snapshot.h"

/* Thresholds in ns by state; < 0: never stuck. */
struct stuck_rule {
	int64_t threshold_ns[STATE_COUNT];
	bool named[STATE_COUNT]; /* for this state, idle workers of pools too */
};

#define STUCK_DEFAULT_NS (10 * 1000000000ll)

/* 10 s for every blocking state that is not idle; none is named. */
void stuck_rule_init(struct stuck_rule *rule);
/* "10s", or "mutex=1s,poll=1m,io=30s" (a state or class; "never" switches off), or both:
 * "5s,poll=1m". A class means its states that are not idle (timer: all); a state wins over
 * its class, and both over the bare duration. Returns 0 or ERR_USAGE with the offset. */
int stuck_rule_parse(struct stuck_rule *rule, const char *text, struct err *e);
bool stuck_rule_same(const struct stuck_rule *a, const struct stuck_rule *b);
/* For this task, in ns; < 0: it is never stuck. Its flags say whether it is idle. */
int64_t stuck_limit_ns(const struct stuck_rule *rule, const struct task *task);

struct history_entry {
	enum task_state state;
	int64_t since_ns; /* CLOCK_MONOTONIC */
	uint64_t object;
};
#define TRACK_HISTORY_MAX 32

struct track;

/* rule: copied. */
struct track *track_new(const struct stuck_rule *rule);
void track_free(struct track *track);
void track_set_rule(struct track *track, const struct stuck_rule *rule);
/*
 * Complete a snapshot that its source has filled: since_ns and its flag where the source
 * left them open, idle, warn, stuck, new, counts. Snapshots come in the order of time.
 * Memory: one bounded record per live task. Returns 0 or ERR_NOMEM.
 */
int track_update(struct track *track, struct snapshot *snapshot, struct err *e);
/* Only remember the states of a recorded snapshot, which is complete. */
void track_follow(struct track *track, const struct snapshot *snapshot);
/* Forget everything: what comes next is of another time. Thread-safe. */
void track_reset(struct track *track);
/* Newest first; returns how many were written, at most TRACK_HISTORY_MAX. Thread-safe. */
size_t track_history(struct track *track, enum task_kind kind, uint64_t id,
		     uint64_t serial, struct history_entry *out, size_t max);

#endif
