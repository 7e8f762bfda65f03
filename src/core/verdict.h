/* SPDX-License-Identifier: MIT */
/*
 * Idle, long or stuck: the one place that says which a task is, for every source.
 *
 * idle: at rest. The state says so, or the place is known as one where a pool or a main loop
 * rests, or what has been seen says it (enum why in core/snapshot.h lists the evidence).
 * long: past the threshold of its state, waiting for an event, and nothing says whether that
 * is rest. stuck: past it, and there is evidence that it should not be there.
 */
#ifndef CORE_VERDICT_H
#define CORE_VERDICT_H

#include "core/snapshot.h"
#include "core/stuck.h"
#include "core/track.h"

struct verdicts;

/* rule: copied. NULL: no memory. */
struct verdicts *verdicts_new(const struct stuck_rule *rule);
void verdicts_free(struct verdicts *verdicts);
void verdicts_set_rule(struct verdicts *verdicts, const struct stuck_rule *rule);
/* Another target, or another time. */
void verdicts_reset(struct verdicts *verdicts);
/*
 * After track_update() and graph_settle(): set TASK_IDLE, TASK_LONG, TASK_STUCK and the
 * evidence of every task, and count. Long and stuck are what was that in the look before
 * too. Linear in the tasks.
 */
void verdicts_update(struct verdicts *verdicts, struct track *track,
		     struct snapshot *snapshot);
/* Judge one task of a recording by another rule than the one that it was recorded with. */
void verdict_again(const struct stuck_rule *rule, struct task *task, int64_t now_ns);

/* Waits for what somebody holds or must take, rather than for an event. */
bool verdict_state_is_held(enum task_state state);

#define VERDICT_TEXT_MAX 200
/* The evidence as one sentence without a full stop; "" where there is none. */
const char *verdict_explain(const struct task *task, int64_t now_ns,
			    char out[VERDICT_TEXT_MAX]);
/* The word for it in recordings ("history"), and back: WHY_NOTHING if it is unknown. */
const char *verdict_why_name(enum why why);
enum why verdict_why_by_name(const char *name);

#endif
