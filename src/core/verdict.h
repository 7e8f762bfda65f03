/* SPDX-License-Identifier: MIT */
/*
 * Idle, long or stuck: the only place that decides which of these a task is, for every
 * source.
 *
 * idle    The task is at rest. The state says so, or the place is known as one where a
 *         pool or main loop rests, or earlier samples show it (enum why in
 *         core/snapshot.h lists the evidence).
 * long    The task waits for an event, is over the threshold of its state, and nothing
 *         shows whether it is at rest.
 * stuck   The task is over the threshold and there is evidence that it should not be.
 */
#ifndef CORE_VERDICT_H
#define CORE_VERDICT_H

#include "core/snapshot.h"
#include "core/threshold.h"
#include "core/track.h"

struct verdicts;

/* The thresholds are copied. Returns NULL if there is no memory. */
struct verdicts *verdicts_new(const struct thresholds *thresholds);
void verdicts_free(struct verdicts *verdicts);
void verdicts_set_thresholds(struct verdicts *verdicts,
			     const struct thresholds *thresholds);
/* Call this for another target or another time. */
void verdicts_reset(struct verdicts *verdicts);
/*
 * Call this after track_update() and graph_settle(): sets TASK_IDLE, TASK_LONG,
 * TASK_STUCK and the evidence of every task, and counts them. Long and stuck are only set
 * if they also held in the previous sample. Linear in the number of tasks.
 */
void verdicts_update(struct verdicts *verdicts, struct track *track,
		     struct snapshot *snapshot);
/* Judges one task of a recording by other thresholds than those of the recorder. */
void verdict_again(const struct thresholds *thresholds, struct task *task,
		   int64_t now_ns);

/* Returns whether a task in this state waits for something that another task holds or
 * must take, rather than for an event. */
bool verdict_state_is_held(enum task_state state);

#define VERDICT_TEXT_MAX 200
/* Returns the evidence as one sentence without a full stop, or "" if there is none. */
const char *verdict_explain(const struct task *task, int64_t now_ns,
			    char out[VERDICT_TEXT_MAX]);
/* Return the word for it in recordings ("history"), and the reverse; an unknown word is
 * WHY_NOTHING. */
const char *verdict_why_name(enum why why);
enum why verdict_why_by_name(const char *name);

#endif
