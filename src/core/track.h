/* SPDX-License-Identifier: MIT */
/*
 * What one look cannot know: since when a task is in its state where the source cannot
 * say, what it has done before and how long that took, whether the word of core/verdict.h
 * held in two looks in a row. Owned by the thread that takes the snapshots, but for track_history().
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
 * Complete a snapshot that its source has filled: since_ns and its flag where the source
 * left them open, new, returns, the evidence of the look before where it is the same wait.
 * Snapshots come in the order of time. Memory: one bounded record per live task. Returns 0
 * or ERR_NOMEM.
 */
int track_update(struct track *track, struct snapshot *snapshot, struct err *e);
/* After track_update() of the same snapshot, by verdicts_update() alone, for each of its tasks:
 * stuck and long hold only where they did in the look before too. */
void track_confirm_begin(struct track *track);
void track_confirm(struct track *track, size_t index, struct task *task);
void track_confirm_end(struct track *track);
/* The waits that ended while they were watched. */
const struct places *track_places(const struct track *track);
/* Only remember the states of a recorded snapshot, which is complete. */
void track_follow(struct track *track, const struct snapshot *snapshot);
/* Forget everything: what comes next is of another time. Thread-safe. */
void track_reset(struct track *track);
/* Newest first; returns how many were written, at most TRACK_HISTORY_MAX. Thread-safe. */
size_t track_history(struct track *track, enum task_kind kind, uint64_t id,
		     uint64_t serial, struct history_entry *out, size_t max);

#endif
