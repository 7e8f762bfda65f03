/* SPDX-License-Identifier: MIT */
/*
 * What a single sample cannot tell: since when a task has been in its state if the source
 * does not know, what it did before and how long that took, and whether the verdict of
 * core/verdict.h held in two consecutive samples. Owned by the thread that takes the
 * snapshots, except for track_history().
 */
#ifndef CORE_TRACK_H
#define CORE_TRACK_H

#include "base/err.h"
#include "core/place.h"
#include "core/snapshot.h"

struct history_entry {
	enum task_state state;
	int64_t since_ns; /* CLOCK_MONOTONIC */
	uint64_t object;
};
#define TRACK_HISTORY_MAX 32

struct track;

struct track *track_new(void);
void track_free(struct track *track);
/*
 * Complete a snapshot that its source has filled in: since_ns and its flag if the source
 * has left them open, TASK_NEW, returns, and the evidence of the previous sample if it is
 * the same wait. Snapshots must be in chronological order. Keeps one bounded record per
 * live task. Returns 0 or ERR_NOMEM.
 */
int track_update(struct track *track, struct snapshot *snapshot, struct err *e);
/* Called only by verdicts_update(), after track_update() of the same snapshot, for
 * each of its tasks: stuck and long only remain set if they held in the previous
 * sample too. */
void track_confirm_begin(struct track *track);
void track_confirm(struct track *track, size_t index, struct task *task);
void track_confirm_end(struct track *track);
/* Has the processor bring what is known about a task a few after this one. */
void track_bring(const struct track *track, size_t index);
/* Returns the waits that ended while the process was observed. */
const struct places *track_places(const struct track *track);
/* Only records the states of a recorded snapshot, which is already complete. */
void track_follow(struct track *track, const struct snapshot *snapshot);
/* Discards everything, because the next sample is from another time. Thread-safe. */
void track_reset(struct track *track);
/* Copies the history, newest first. Returns the number of entries, at most
 * TRACK_HISTORY_MAX. Thread-safe. */
size_t track_history(struct track *track, enum task_kind kind, uint64_t id,
		     uint64_t serial, struct history_entry *out, size_t max);

#endif
