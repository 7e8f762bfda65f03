/* SPDX-License-Identifier: MIT */
/* Shows the snapshots of a recording as they were recorded. What takes many snapshots
 * (groups, verdicts, figures, histories) covers the time up to the one shown. */
#include <stdlib.h>
#include <string.h>

#include "core/graph.h"
#include "core/verdict.h"
#include "session/session.h"
#include "source/replay.h"

/* After a jump, earlier snapshots are read again: half of them spread over the whole time
 * before, half of them just before the target. These limit their number. */
#define CATCH_UP_ROWS  400000u
#define CATCH_UP_LEAST 16u
#define CATCH_UP_MOST  240u
#define FORWARD_MOST   120u

/* A cycle in the recorded waits counts only if it was confirmed when it was recorded. */
static bool was_confirmed(void *ctx, struct snapshot *snapshot, const struct cycle *cycle)
{
	for (size_t i = 0; i < cycle->nr_nodes; i++)
		if (!(graph_task(snapshot, cycle->nodes[i])->flags & TASK_DEADLOCK))
			return false;
	return true;
}

static bool rule_is_usual(const struct thresholds *rule)
{
	struct thresholds usual;

	thresholds_init(&usual);
	return thresholds_same(&usual, rule);
}

/* With a rule of the user's own, tasks are judged again by their recorded ages. */
static void judge_by_rule(const struct thresholds *rule, struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->nr_tasks; i++)
		verdict_again(rule, &snapshot->tasks[i], snapshot->mono_ns);
}

/* Reads the snapshot with this number. The wait-for graph is built only if it is
 * shown. */
static int read_snapshot(struct session *session, size_t at, bool shown,
			 struct snapshot **snapshot, struct err *e)
{
	int rc;

	*snapshot = snapshot_new();
	if (!*snapshot)
		return err_set(e, ERR_NOMEM, "out of memory: cannot read a snapshot");
	rc = replay_read(session->access.ctx, at, *snapshot, e);
	if (!rule_is_usual(&session->recording.rule))
		judge_by_rule(&session->recording.rule, *snapshot);
	snapshot_count(*snapshot);
	if (rc == 0 && shown)
		rc = graph_build(*snapshot, e);
	graph_settle(*snapshot, was_confirmed, NULL);
	if (rc == 0) {
		track_follow(session->track, *snapshot);
		figures_update(&session->figures, *snapshot);
		grouping_update(session->grouping, *snapshot);
		return 0;
	}
	snapshot_unref(*snapshot);
	*snapshot = NULL;
	return rc;
}

/* Reads at most `most` snapshots from `from` up to but not including `to`, evenly
 * spread. */
static void read_some(struct session *session, size_t from, size_t to, size_t most)
{
	size_t count = to - from < most ? to - from : most;

	for (size_t i = 0; i < count; i++) {
		struct snapshot *passed;

		if (__atomic_load_n(&session->guard.cancel, __ATOMIC_RELAXED) ||
		    read_snapshot(session, from + (to - from) * i / count, false, &passed,
				  NULL) != 0)
			return;
		snapshot_unref(passed);
	}
}

static void forget_history(struct session *session)
{
	track_reset(session->track);
	figures_init(&session->figures);
	grouping_reset(session->grouping);
}

static size_t catch_up_count(const struct session *session)
{
	const struct snapshot *shown = session->recording.shown;
	size_t count = CATCH_UP_ROWS / (shown && shown->nr_tasks ? shown->nr_tasks : 1);

	return count < CATCH_UP_LEAST  ? CATCH_UP_LEAST
	       : count > CATCH_UP_MOST ? CATCH_UP_MOST
				       : count;
}

/* After a jump the snapshot is shown at once; the next call reads the ones before it. */
static void read_history(struct session *session, size_t at)
{
	struct session_recording *r = &session->recording;
	size_t half = catch_up_count(session) / 2, tail;

	if (r->shown && at > r->at && at - r->at <= FORWARD_MOST && !r->behind) {
		read_some(session, r->at + 1, at, half * 2);
	} else if (r->shown && at == r->at && r->behind) {
		forget_history(session);
		tail = at > half ? at - half : 0;
		read_some(session, 0, tail, half);
		read_some(session, tail, at, half);
		r->behind = false;
	} else {
		forget_history(session);
		r->behind = at > 0;
	}
}

int session_recorded(struct session *session, bool all, struct snapshot **snapshot,
		     struct err *e)
{
	struct session_recording *r = &session->recording;
	bool same_rule = thresholds_same(&r->rule, &session->options.rule);
	struct feed_place place;
	int rc = replay_update(session->access.ctx, all, &place, e);

	if (rc != 0)
		return rc;
	r->place = place;
	r->rule = session->options.rule;
	if (r->shown && place.at == r->at && !r->behind && same_rule) {
		*snapshot = snapshot_ref(r->shown);
		return 0;
	}
	read_history(session, place.at);
	rc = read_snapshot(session, place.at, true, snapshot, e);
	snapshot_unref(r->shown);
	r->shown = rc == 0 ? snapshot_ref(*snapshot) : NULL;
	r->at = place.at;
	return rc;
}

const struct feed_place *session_place(const struct session *session)
{
	return &session->recording.place;
}

int64_t session_due_ns(const struct session *session)
{
	if (session->access.ops != &source_replay)
		return INT64_MAX;
	return session->recording.behind ? 0 : replay_due_ns(session->access.ctx);
}

void session_move(struct session *session, int samples, int64_t by_ns)
{
	if (session->access.ops == &source_replay)
		replay_move(session->access.ctx, samples, by_ns);
	else if (session->access.ops && session->access.ops->move && samples != 0) {
		session->access.ops->move(session->access.ctx, samples);
		session->grouped = NULL; /* the tasks may be others */
	}
}

void session_seek(struct session *session, int64_t real_ns)
{
	if (session->access.ops == &source_replay)
		replay_seek(session->access.ctx, real_ns);
}

void session_play(struct session *session, double speed)
{
	if (session->access.ops == &source_replay)
		replay_play(session->access.ctx, speed);
}
