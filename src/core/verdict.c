/* SPDX-License-Identifier: MIT */
/* Evidence for rest is considered first, and strong evidence before names. A task without
 * it is waiting inside its work. */
#include "core/verdict.h"

#include <stdlib.h>
#include <string.h>

#include "base/ahead.h"
#include "core/crowd.h"
#include "core/depth.h"
#include "core/leader.h"
#include "core/outer.h"
#include "core/pool.h"

/* Number of waits that must have ended at a place before its usual duration is known … */
#define HISTORY_LEAST 8u
/* … and the multiple of the longest of them that a wait must last to be stuck. */
#define HISTORY_TIMES 10
/* The same for waits that an agent has counted, of which only the mean is known. */
#define COUNTED_LEAST 20u
#define COUNTED_TIMES 100
/* A task that has returned to its wait this often is at rest there. */
#define RETURNS_LEAST 4u

struct verdicts {
	struct thresholds thresholds;
	struct crowds *crowds;
	struct outers *outers;
	struct leaders leaders;
	struct pool_pairs pairs;
	const char *raw; /* of the task before, in this sample */
	bool raw_leaked;
};

struct verdicts *verdicts_new(const struct thresholds *thresholds)
{
	struct verdicts *verdicts = calloc(1, sizeof(*verdicts));

	if (!verdicts)
		return NULL;
	verdicts->thresholds = *thresholds;
	verdicts->crowds = crowds_new();
	verdicts->outers = outers_new();
	if (!verdicts->crowds || !verdicts->outers) {
		verdicts_free(verdicts);
		return NULL;
	}
	return verdicts;
}

void verdicts_free(struct verdicts *verdicts)
{
	if (!verdicts)
		return;
	crowds_free(verdicts->crowds);
	outers_free(verdicts->outers);
	pool_pairs_release(&verdicts->pairs);
	free(verdicts);
}

void verdicts_set_thresholds(struct verdicts *verdicts,
			     const struct thresholds *thresholds)
{
	verdicts->thresholds = *thresholds;
}

void verdicts_reset(struct verdicts *verdicts)
{
	crowds_reset(verdicts->crowds);
	outers_reset(verdicts->outers);
}

bool verdict_state_is_held(enum task_state state)
{
	switch (state) {
	case STATE_MUTEX:
	case STATE_RWLOCK_READ:
	case STATE_RWLOCK_WRITE:
	case STATE_FLOCK:
	case STATE_CHAN_SEND:
	case STATE_IO_WRITE:
	case STATE_CONNECT:
	case STATE_DISK:
	case STATE_FSYNC:
	case STATE_DNS:
		return true;
	default:
		return false;
	}
}

static struct evidence because(enum why why, uint32_t number, int64_t most_ns)
{
	return (struct evidence){why, number, most_ns};
}

/* Returns whether this is a process's first thread, or Go's first goroutine. It is
 * created only once. */
static bool is_first(const struct task *task, const struct snapshot *snapshot)
{
	if (task->kind == TASK_THREAD)
		return task->tid > 0 &&
		       task->tid == (task->pid ? task->pid : snapshot->target.pid);
	return task->kind == TASK_GOROUTINE && task->id == 1;
}

/* The first thread waits for those that do the work. */
static bool first_rests(const struct task *task)
{
	switch (task->state) {
	case STATE_JOIN:
	case STATE_WAIT_CHILD:
		return true;
	case STATE_WAITGROUP:
		return task->kind == TASK_GOROUTINE;
	case STATE_SELECT:
		/* "select (no cases)" is meant to last forever. */
		if (task->raw && strstr(task->raw, "no cases"))
			return true;
		/* fall through */
	default:
		return pool_blocks_on(task);
	}
}

/* Returns whether the task waits in its own loop. A thread does so because it is created
 * once. Other tasks are created for each piece of work, so they must have returned to the
 * wait. */
static bool waits_in_loop(const struct task *task, const struct snapshot *snapshot)
{
	const struct stack *stack = task->stack;

	/* The runtime itself says that this is a lock. */
	if (!stack || stack->unknown || (task->waits.vague && task->state == STATE_MUTEX))
		return false;
	if (stack->reads && task->state == STATE_IO_READ && !stack->truncated)
		return true;
	if (task->kind == TASK_THREAD)
		return depth_is_loop(stack);
	if (stack->truncated || depth_is_inside(stack))
		return false;
	return task->returns >= RETURNS_LEAST || is_first(task, snapshot);
}

/* Returns whether the lock that it waits for may as well be an event. */
static bool is_vague(const struct task *task)
{
	return task->waits.vague || (task->stack && task->stack->vague);
}

/* Returns whether it waits for something that is certain to be a lock, or otherwise for
 * something that a task holds. */
static bool is_held(const struct task *task)
{
	return verdict_state_is_held(task->state) &&
	       (!is_vague(task) || task->waits.owner_tid > 0);
}

/* Returns whether the wait is much longer than any at this place while the process was
 * observed. */
static bool place_is_unusual(const struct place_history *place, int64_t age_ns)
{
	return place && place->count >= HISTORY_LEAST &&
	       age_ns / HISTORY_TIMES >= place->most_ns;
}

/* Returns the number of waits in this state that the agent counted before the observation
 * began, of which only the total duration is known. 0 if there are too few. */
static uint32_t waits_counted_by_agent(const struct task *task)
{
	const uint32_t *counts = task_more(task)->state_counts;
	uint32_t count = counts ? counts[task->state] : 0;

	return count > COUNTED_LEAST ? count - 1 : 0;
}

static int64_t counted_mean_ns(const struct task *task)
{
	int64_t span_ns = task->since_ns - task->start_ns;
	uint32_t count;

	if (task->start_ns <= 0 || span_ns <= 0)
		return INT64_MAX;
	count = waits_counted_by_agent(task);
	return count ? span_ns / count : INT64_MAX;
}

static bool is_unusual(const struct task *task, const struct place_history *place,
		       int64_t age_ns)
{
	if (place_is_unusual(place, age_ns))
		return true;
	if (place && age_ns / HISTORY_TIMES < place->most_ns)
		return false;
	return age_ns / COUNTED_TIMES >= counted_mean_ns(task);
}

/* Returns why the task is at rest, or WHY_NOTHING if it is inside its work or that is
 * unknown. */
static struct evidence find_rest(struct verdicts *verdicts,
				 const struct snapshot *snapshot, size_t index,
				 const struct place_history *place)
{
	const struct task *task = &snapshot->tasks[index];
	struct crowd same, alike;
	int64_t age_ns = task_age_ns(task, snapshot->mono_ns);
	enum why before = task->evidence.why;

	if (state_info(task->state)->idle)
		return because(WHY_STATE, 0, 0);
	if (pool_rests(task, &verdicts->pairs))
		return because(WHY_POOL, 0, 0);
	if (task->kind == TASK_THREAD &&
	    leader_has_turn(&verdicts->leaders, snapshot, task))
		return because(WHY_TURN, 0, 0);
	if (is_held(task) || !state_blocks(task->state))
		return because(WHY_NOTHING, 0, 0);
	if (task->waits.accepted && task->state == STATE_IO_READ &&
	    pool_awaits_request(task))
		return because(WHY_REQUEST, 0, 0);
	if (is_first(task, snapshot) && first_rests(task))
		return because(WHY_FIRST, 0, 0);
	same = crowd_of_object(verdicts->crowds, index);
	alike = crowd_of_stack(verdicts->crowds, index);
	if (same.grows || alike.grows)
		return because(WHY_NOTHING, 0, 0);
	if (same.count > 1)
		return because(WHY_SHARED, same.count, 0);
	/* The other tasks are at work; this one waits where they waited together. */
	if (before == WHY_SHARED)
		return task->evidence;
	same.count = crowd_before(verdicts->crowds, index);
	if (same.count > 1)
		return because(WHY_SHARED, same.count, 0);
	if (waits_in_loop(task, snapshot) || outer_is_loop(verdicts->outers, task))
		return because(WHY_LOOP, 0, 0);
	/* A task that reads from a connection that it has opened itself has sent a
	 * request. For a lock that may be an event, similar stacks prove nothing: two
	 * tasks that hold each other's lock have them too. Nor do they for threads that
	 * wait until the work of others is done: a pool may wait for what it is to do
	 * itself. */
	if (task->state != STATE_IO_READ && alike.count > 1 && !is_vague(task) &&
	    !(task->kind == TASK_THREAD && task->state == STATE_WAITGROUP) &&
	    (crowd_since_it_began(task) || alike.began > 1))
		return because(WHY_SIBLINGS, alike.count, 0);
	if (task->returns >= RETURNS_LEAST && !is_unusual(task, place, age_ns))
		return because(WHY_RETURNS, task->returns, 0);
	return because(WHY_NOTHING, 0, 0);
}

/* Evidence that holds regardless of the state. */
static enum why find_proof(struct verdicts *verdicts, const struct task *task)
{
	if (task->flags & TASK_DEADLOCK)
		return WHY_DEADLOCK;
	if (task->flags & TASK_UNREACHABLE)
		return WHY_PROOF;
	/* A nil channel is not evidence: a context that is never done has one on
	 * purpose. */
	if (task->kind != TASK_GOROUTINE || !task->raw)
		return WHY_NOTHING;
	/* Most words are the same as that of the task before. */
	if (task->raw != verdicts->raw) {
		verdicts->raw = task->raw;
		verdicts->raw_leaked = strstr(task->raw, "leaked") != NULL;
	}
	return verdicts->raw_leaked ? WHY_RUNTIME : WHY_NOTHING;
}

static void set_word(struct task *task, uint32_t flag, struct evidence evidence)
{
	task->flags &= ~(uint32_t)(TASK_IDLE | TASK_LONG | TASK_STUCK);
	task->flags |= flag;
	task->evidence = evidence;
}

/* Judges a task that is over its threshold and not at rest. place is NULL if nothing is
 * known about it. */
static void judge_work(struct task *task, const struct place_history *place,
		       int64_t age_ns)
{
	if (is_held(task))
		set_word(task, TASK_STUCK, because(WHY_HELD, 0, 0));
	else if (task->waits.accepted || !depth_is_inside(task->stack) ||
		 !is_unusual(task, place, age_ns))
		set_word(task, TASK_LONG, because(WHY_LONG, 0, 0));
	else if (place_is_unusual(place, age_ns))
		set_word(task, TASK_STUCK,
			 because(WHY_HISTORY, place->count, place->most_ns));
	else
		set_word(task, TASK_STUCK,
			 because(WHY_COUNTED, waits_counted_by_agent(task),
				 counted_mean_ns(task)));
}

static void judge_task(struct verdicts *verdicts, const struct places *places,
		       struct snapshot *snapshot, size_t index)
{
	struct task *task = &snapshot->tasks[index];
	int64_t limit_ns = verdicts->thresholds.threshold_ns[task->state];
	int64_t age_ns = task_age_ns(task, snapshot->mono_ns);
	const struct place_history *place = NULL;
	struct evidence rest;
	enum why proof;
	bool past;

	if (!state_blocks(task->state)) {
		set_word(task, 0, because(WHY_NOTHING, 0, 0));
		return;
	}
	if (task->stack)
		place = places_find(places, task->stack->place);
	rest = find_rest(verdicts, snapshot, index, place);
	set_word(task, rest.why != WHY_NOTHING ? TASK_IDLE : 0, rest);
	if (task->flags & (TASK_STALE | TASK_SUSPECT) || age_ns < 0)
		return;
	proof = find_proof(verdicts, task);
	/* An idle state has no threshold, but a proof needs one nevertheless. */
	if (proof != WHY_NOTHING && limit_ns < 0 && state_info(task->state)->idle)
		limit_ns = STUCK_DEFAULT_NS;
	past = limit_ns >= 0 && age_ns >= limit_ns;
	if (proof != WHY_NOTHING)
		set_word(task, past ? TASK_STUCK : 0, because(proof, 0, 0));
	else if (past && verdicts->thresholds.named[task->state])
		task->flags |= TASK_STUCK, task->evidence = because(WHY_NAMED, 0, 0);
	else if (past && rest.why == WHY_STATE)
		/* Naming its class is equivalent to naming its state. */
		task->flags |= TASK_STUCK, task->evidence = because(WHY_NAMED, 0, 0);
	else if (past && rest.why == WHY_NOTHING &&
		 (task->stack || !snapshot->partial || is_held(task)))
		/* Nothing is concluded about an event before the stack has been read. */
		judge_work(task, place, age_ns);
}

/* Crowds also need when a task began. */
static void bring_next(const struct snapshot *snapshot, size_t at)
{
	ahead_bring(snapshot->tasks, sizeof(snapshot->tasks[0]), at, snapshot->nr_tasks,
		    offsetof(struct task, tid));
}

/* The same for what is judged, a few steps at a time: the name of a thread is far from what
 * is in every task, and what was known before about what it waits for is found from that. */
static void bring_judged(const struct verdicts *verdicts, const struct snapshot *snapshot,
			 size_t at)
{
	const struct task *tasks = snapshot->tasks;

	if (at + 2 * AHEAD_ELEMENTS >= snapshot->nr_tasks)
		return;
	ahead_bring(&tasks[at + AHEAD_ELEMENTS], sizeof(*tasks), 0, 2 * AHEAD_ELEMENTS,
		    TASK_HOT_BYTES);
	__builtin_prefetch(&tasks[at + 2 * AHEAD_ELEMENTS].name);
	__builtin_prefetch(tasks[at + AHEAD_ELEMENTS].name);
	crowd_bring(verdicts->crowds, at + AHEAD_ELEMENTS);
}

void verdicts_update(struct verdicts *verdicts, struct track *track,
		     struct snapshot *snapshot)
{
	const struct places *places = track_places(track);

	crowds_begin(verdicts->crowds, snapshot->nr_tasks);
	pool_pairs_begin(&verdicts->pairs);
	for (size_t i = 0; i < snapshot->nr_tasks; i++) {
		bring_next(snapshot, i);
		crowds_put(verdicts->crowds, i, snapshot->tasks);
		pool_pairs_put(&verdicts->pairs, &snapshot->tasks[i]);
		outers_put(verdicts->outers, &snapshot->tasks[i]);
	}
	verdicts->leaders = (struct leaders){0};
	verdicts->raw = NULL;
	crowds_end(verdicts->crowds, snapshot->tasks, snapshot->mono_ns);
	pool_pairs_end(&verdicts->pairs);
	track_confirm_begin(track);
	snapshot_count_begin(snapshot);
	for (size_t i = 0; i < snapshot->nr_tasks; i++) {
		bring_judged(verdicts, snapshot, i);
		track_bring(track, i);
		judge_task(verdicts, places, snapshot, i);
		track_confirm(track, i, &snapshot->tasks[i]);
		snapshot_count_task(snapshot, &snapshot->tasks[i]);
	}
	track_confirm_end(track);
}

void verdict_again(const struct thresholds *thresholds, struct task *task, int64_t now_ns)
{
	int64_t limit_ns = thresholds->threshold_ns[task->state];
	int64_t age_ns = task_age_ns(task, now_ns);
	uint32_t recorded = task->flags & (TASK_STUCK | TASK_LONG);
	bool evident = task->evidence.why > WHY_HELD && task->evidence.why != WHY_NAMED;

	task->flags &= ~(uint32_t)(TASK_STUCK | TASK_LONG);
	if (limit_ns < 0 || age_ns < limit_ns || !state_blocks(task->state) ||
	    (task->flags & (TASK_STALE | TASK_SUSPECT)))
		return;
	if (thresholds->named[task->state] || state_info(task->state)->idle) {
		task->flags |= TASK_STUCK;
		task->evidence = because(WHY_NAMED, 0, 0);
	} else if (task->flags & TASK_IDLE) {
		return;
	} else if (is_held(task) && !(recorded & TASK_LONG)) {
		task->flags |= TASK_STUCK;
		task->evidence = because(WHY_HELD, 0, 0);
	} else if (evident && (recorded & TASK_STUCK)) {
		task->flags |= TASK_STUCK;
	} else {
		task->flags |= TASK_LONG;
		task->evidence = because(WHY_LONG, 0, 0);
	}
}
