/* SPDX-License-Identifier: MIT */
/* Follows the waits of each task from sample to sample. The lock is held for a whole
 * update. The only other function that takes it is track_history(). */
#include "core/track.h"

#include <stdlib.h>
#include <string.h>

#include "base/ahead.h"
#include "base/array.h"
#include "base/clock.h"
#include "base/hash.h"
#include "core/track_private.h"

/* Samples closer together than this count as one. */
#define TRACK_SAMPLE_MS  20u
/* An agent's coarse clock may shift the start of a wait by this much. */
#define TRACK_JITTER_NS  (20 * CLOCK_MS_NS)
#define TRACK_RING_FIRST 4u

struct track *track_new(void)
{
	struct track *track = calloc(1, sizeof(*track));

	if (!track)
		return NULL;
	track->places = places_new();
	if (!track->places || pthread_mutex_init(&track->lock, NULL) != 0) {
		places_free(track->places);
		free(track);
		return NULL;
	}
	track->seed = hash_seed();
	return track;
}

void track_free(struct track *track)
{
	if (!track)
		return;
	for (size_t i = 0; i < track->nr_records; i++)
		track_record_release(&track->records[i]);
	free(track->records);
	free(track->index);
	free(track->of_task);
	places_free(track->places);
	pthread_mutex_destroy(&track->lock);
	free(track);
}

const struct places *track_places(const struct track *track)
{
	return track->places;
}

static uint64_t task_object(const struct task *task)
{
	if (task->waits.address)
		return task->waits.address;
	return task->waits.fd >= 0 ? (uint64_t)task->waits.fd + 1 : 0;
}

/* Shortens a place for the record. Not 0. */
static uint32_t home_of(uint64_t place)
{
	return (uint32_t)(place >> 32) | 1;
}

/* Counts one more wait at this place, which is remembered from now on. */
static void track_visit(struct track_record *record, uint64_t place)
{
	uint32_t home = home_of(place);
	size_t least = 0;

	for (size_t i = 0; i < TRACK_HOMES; i++) {
		if (record->homes[i] == home) {
			record->visits[i] += record->visits[i] < UINT32_MAX;
			return;
		}
		if (record->visits[i] < record->visits[least])
			least = i;
	}
	/* Both entries are in use. The one with fewer visits is aged, so that it is
	 * eventually replaced. */
	if (record->visits[least] > 1) {
		record->visits[least]--;
	} else {
		record->homes[least] = home;
		record->visits[least] = 1;
	}
}

/* Returns how often the task has returned to this place. */
static uint32_t track_returns(const struct track_record *record, uint64_t place)
{
	for (size_t i = 0; place && i < TRACK_HOMES; i++)
		if (record->homes[i] == home_of(place))
			return record->visits[i] - 1;
	return 0;
}

static struct evidence record_evidence(const struct track_record *record)
{
	return (struct evidence){(enum why)record->why, record->number,
				 record->most ? record->more->most_ns : 0};
}

static void record_set_most(struct track_record *record, int64_t most_ns)
{
	record->most = most_ns != 0 && track_edit(record);
	if (record->most)
		record->more->most_ns = most_ns;
}

static inline void record_set_evidence(struct track_record *record,
				       struct evidence evidence)
{
	record->why = (uint8_t)evidence.why;
	record->number = evidence.number;
	if (record->most || evidence.most_ns)
		record_set_most(record, evidence.most_ns);
}

/* The wait of this record has ended, at the latest when the next one began. */
static void track_ended(struct track *track, const struct track_record *record,
			const struct task *task)
{
	int64_t until_ns = track->now_ns;

	if (!record->place || !state_blocks((enum task_state)record->state) ||
	    record->since_ns <= 0 || !record->exact)
		return;
	if (task->since_ns > record->since_ns && task->since_ns < until_ns)
		until_ns = task->since_ns;
	places_add(track->places, record->place, until_ns - record->since_ns);
}

/* A full ring loses its oldest entry. If memory is exhausted, only the history is
 * lost. */
static void track_remember(struct track_record *record)
{
	struct track_more *more = track_edit(record);
	struct track_ring *ring = more ? more->ring : NULL;

	if (!more)
		return;
	if (!ring ||
	    (ring->count == ring->capacity && ring->capacity < TRACK_HISTORY_MAX)) {
		uint32_t capacity = ring ? ring->capacity * 2 : TRACK_RING_FIRST;
		uint32_t count = ring ? ring->count : 0;

		/* The ring grows only before it has wrapped, so that the entries stay in
		 * order. */
		struct track_ring *grown = realloc(
			ring, sizeof(*ring) + capacity * sizeof(ring->entries[0]));

		if (!grown)
			return;
		grown->count = grown->next = count;
		grown->capacity = capacity;
		more->ring = ring = grown;
	}
	ring->entries[ring->next] = (struct history_entry){
		(enum task_state)record->state, record->since_ns, record->object};
	ring->next = (ring->next + 1) % ring->capacity;
	if (ring->count < ring->capacity)
		ring->count++;
}

/*
 * Returns whether the task has been awake between the samples, as in a loop that waits
 * with a timeout. A task that only checks from time to time whether it may continue, as a
 * Java thread at a monitor does once a second, does not count as awake. One that has
 * continued and returned has switched more often.
 */
static bool track_woke(const struct track *track, const struct track_record *record,
		       const struct task *task)
{
	int64_t elapsed_ns = track->now_ns - track->before_ns;

	if (!record->switches || !task->switches || record->switches == task->switches)
		return false;
	return !record->retries || !task->waits.retries || !record->site ||
	       task->switches < record->switches ||
	       task->switches - record->switches >
		       2 + (uint64_t)(elapsed_ns / CLOCK_SECOND_NS);
}

/*
 * Returns whether this is still the wait of the previous sample. State, object and
 * innermost frames decide, unless the thread has been awake.
 */
static bool track_same_wait(const struct track *track, const struct track_record *record,
			    const struct task *task, uint64_t object, uint64_t site)
{
	if (record->state != task->state)
		return false;
	/* If the source knows the exact start, a more complete stack does not mean
	 * another wait. */
	if (task->since_ns > 0 && (task->flags & TASK_AGE_EXACT))
		site = 0;
	if (state_blocks(task->state) &&
	    (record->object != object || (record->site && site && record->site != site) ||
	     track_woke(track, record, task)))
		return false;
	/* If the source reports a later start, it is another wait at the same place. */
	return task->since_ns <= record->since_ns + TRACK_JITTER_NS;
}

static void track_begin_wait(struct track *track, struct track_record *record,
			     const struct task *task, bool watched)
{
	record->state = (uint8_t)task->state;
	record->stuck = record->over = (struct track_over){0};
	record_set_evidence(record, (struct evidence){WHY_NOTHING, 0, 0});
	if (task->since_ns > 0) {
		record->since_ns = task->since_ns;
		record->exact = (task->flags & TASK_AGE_EXACT) != 0;
	} else {
		record->since_ns = track->now_ns;
		record->exact = watched;
	}
}

/* The task checks whether it may continue. On a busy machine that takes long enough to be
 * seen. */
static void track_leave(const struct track *track, struct track_record *record,
			const struct task *task)
{
	struct track_more *more;

	if (!state_blocks((enum task_state)record->state) || state_blocks(task->state) ||
	    !record->retries)
		return;
	more = track_edit(record);
	if (more && !more->pause)
		more->pause = malloc(sizeof(*more->pause));
	if (more && more->pause)
		*more->pause =
			(struct track_pause){record->object,   record->site,
					     record->switches, record->since_ns,
					     track->before_ns, record->stuck,
					     record->over,     record_evidence(record),
					     record->state,    record->exact};
}

/* The task could not continue and waits again, so it is still the same wait. */
static bool track_resume(const struct track *track, struct track_record *record,
			 const struct task *task, uint64_t object, uint64_t site)
{
	const struct track_pause *pause;
	uint64_t turns;

	if (!record->more || !state_blocks(task->state) ||
	    state_blocks((enum task_state)record->state) || !record->more->pause)
		return false;
	pause = record->more->pause;
	turns = 2 + (uint64_t)((track->now_ns - pause->left_ns) / CLOCK_SECOND_NS);
	if (pause->state != task->state || pause->object != object ||
	    pause->site != site || !site || !task->waits.retries ||
	    task->switches - pause->switches > turns) {
		track_forget_pause(record);
		return false;
	}
	record->state = pause->state;
	record->since_ns = pause->since_ns;
	record->exact = pause->exact;
	record->stuck = pause->stuck;
	record->over = pause->over;
	record_set_evidence(record, pause->evidence);
	track_forget_pause(record);
	return true;
}

static void track_task(struct track *track, struct track_record *record,
		       struct task *task, bool is_new)
{
	uint64_t object = task_object(task), site = task->stack ? task->stack->site : 0;
	uint64_t place = task->stack ? task->stack->place : 0;
	bool begins = is_new;

	if (is_new) {
		track_begin_wait(track, record, task, track->has_sample);
	} else if (track_resume(track, record, task, object, site)) {
		record->place = place;
	} else if (!track_same_wait(track, record, task, object, site)) {
		track_leave(track, record, task);
		track_remember(record);
		track_ended(track, record, task);
		track_begin_wait(track, record, task, true);
		record->place = 0;
		begins = true;
	} else if (task->since_ns > 0) {
		if (task->since_ns < record->since_ns) {
			record->since_ns = task->since_ns;
			record->exact = false;
		}
		if (task->flags & TASK_AGE_EXACT)
			record->exact = true;
	}
	record->object = object;
	if (site || is_new)
		record->site = site;
	if (state_blocks(task->state) && place && (begins || !record->place))
		track_visit(record, place);
	if (place || is_new)
		record->place = place;
	record->switches = task->switches;
	record->retries = task->waits.retries;
	track->nr_seen += record->sample != track->sample;
	record->sample = track->sample;

	task->since_ns = record->since_ns;
	task->flags &= ~(uint32_t)TASK_AGE_EXACT;
	if (record->exact)
		task->flags |= TASK_AGE_EXACT;
	task->returns = track_returns(record, record->place);
	task->evidence = record_evidence(record);
}

/* Sets what does not depend on earlier samples. */
static void track_prepare(struct task *task, int64_t now_ns)
{
	if ((unsigned int)task->state >= STATE_COUNT)
		task->state = STATE_UNKNOWN;
	task->flags &= ~(uint32_t)(TASK_IDLE | TASK_STUCK | TASK_LONG | TASK_NEW);
	if (task->since_ns > now_ns)
		task->since_ns = now_ns;
	if (task->since_ns < 0)
		task->since_ns = 0;
}

/* If there is no room for the records of a sample, none of its tasks is stuck. */
static void track_number(struct track *track, size_t nr_tasks)
{
	track->nr_of_task = 0;
	if ((nr_tasks > track->cap_of_task || nr_tasks < track->cap_of_task / 8) &&
	    !array_resize(&track->of_task, &track->cap_of_task, nr_tasks))
		return;
	track->nr_of_task = nr_tasks;
}

/* Has the processor bring the place in the index of a task that comes later, and is probably
 * as unknown as this one. */
static void bring_index(const struct track *track, const struct snapshot *snapshot,
			size_t at)
{
	const struct task *task = &snapshot->tasks[at + AHEAD_ELEMENTS];

	if (at + AHEAD_ELEMENTS < snapshot->nr_tasks && track->index_capacity > 0)
		__builtin_prefetch(&track->index[track_hash(track, task->kind, task->id,
							    task->serial) &
						 (track->index_capacity - 1)]);
}

static int track_sample(struct track *track, struct snapshot *snapshot)
{
	int rc = 0;

	track_number(track, snapshot->nr_tasks);
	for (size_t i = 0; i < snapshot->nr_tasks; i++) {
		struct task *task = &snapshot->tasks[i];
		struct track_record *record = NULL;
		bool is_new = false;

		ahead_bring(snapshot->tasks, sizeof(*task), i, snapshot->nr_tasks,
			    TASK_HOT_BYTES);
		ahead_bring(track->records, sizeof(*record), i, track->nr_records,
			    sizeof(*record));
		track_prepare(task, track->now_ns);
		/* Most samples have the same tasks in the same order. */
		if (i < track->nr_records &&
		    track_record_is(&track->records[i], task->kind, task->id,
				    task->serial)) {
			record = &track->records[i];
		} else {
			uint64_t hash =
				track_hash(track, task->kind, task->id, task->serial);

			bring_index(track, snapshot, i);
			uint32_t number = track_find(track, hash, task->kind, task->id,
						     task->serial);

			if (number != TRACK_NONE) {
				record = &track->records[number];
			} else {
				record = track_add(track, task);
				is_new = true;
			}
		}
		if (i < track->nr_of_task)
			track->of_task[i] =
				record ? (uint32_t)(record - track->records) : TRACK_NONE;
		if (!record) {
			rc = ERR_NOMEM;
			continue;
		}
		if (is_new && track->has_sample)
			task->flags |= TASK_NEW;
		bool undated = snapshot->undated && task->since_ns <= 0;

		track_task(track, record, task, is_new);
		if (undated) {
			task->since_ns = 0;
			task->flags &= ~(uint32_t)TASK_AGE_EXACT;
		}
	}
	return rc;
}

/* Only differences of less than 49 days count. */
static uint32_t shorten(int64_t now_ns)
{
	uint32_t now_ms = (uint32_t)(now_ns / CLOCK_MS_NS);

	return now_ms == 0 ? 1 : now_ms == TRACK_TWICE ? TRACK_TWICE - 1 : now_ms;
}

int track_update(struct track *track, struct snapshot *snapshot, struct err *e)
{
	int rc;

	pthread_mutex_lock(&track->lock);
	/* A sample that was not confirmed has not done this. */
	track_sweep(track);
	track_next(track);
	/* Ages must not decrease if a sample with an earlier clock arrives. */
	track->before_ns = track->now_ns;
	if (snapshot->mono_ns > track->now_ns)
		track->now_ns = snapshot->mono_ns;
	track->now_ms = shorten(track->now_ns);
	if (track->nr_records == 0)
		track_expect(track, snapshot->nr_tasks);
	rc = track_sample(track, snapshot);
	fill_end(&track->fill);
	track->has_sample = true;
	pthread_mutex_unlock(&track->lock);
	if (rc < 0)
		return err_set(e, rc, "no memory to keep track of %zu tasks",
			       snapshot->nr_tasks);
	return 0;
}

/* Returns whether the limit has been exceeded in two consecutive samples. */
static bool exceeded_twice(struct track_over *over, bool passed, uint32_t now_ms)
{
	if (!passed)
		over->first_ms = 0;
	else if (over->first_ms == 0)
		over->first_ms = now_ms;
	else if (over->first_ms != TRACK_TWICE &&
		 now_ms - over->first_ms >= TRACK_SAMPLE_MS)
		over->first_ms = TRACK_TWICE;
	return over->first_ms == TRACK_TWICE;
}

static bool evidence_is_proof(enum why why)
{
	return why == WHY_DEADLOCK || why == WHY_PROOF || why == WHY_RUNTIME;
}

/* A task that changed while it was read provides no information, and does not count as
 * another wait either. */
static void confirm_unread(const struct track_record *record, struct task *task)
{
	if (record->stuck.first_ms == TRACK_TWICE)
		task->flags |= TASK_STUCK;
	else if (record->over.first_ms == TRACK_TWICE)
		task->flags |= TASK_LONG;
	else
		return;
	task->evidence = record_evidence(record);
}

static void confirm_task(const struct track *track, struct track_record *record,
			 struct task *task)
{
	const uint32_t both = TASK_STUCK | TASK_LONG;
	bool stuck, over;

	if (task->flags & TASK_SUSPECT) {
		task->flags &= ~both;
		confirm_unread(record, task);
		return;
	}
	stuck = exceeded_twice(&record->stuck, task->flags & TASK_STUCK, track->now_ms);
	over = exceeded_twice(&record->over, task->flags & both, track->now_ms);
	record_set_evidence(record, task->evidence);
	/* A proof has been examined more than once before it is reported. */
	if (evidence_is_proof(task->evidence.why))
		return;
	if (!stuck && (task->flags & TASK_STUCK)) {
		/* A long wait may become stuck, but not after one sample. */
		task->flags &= ~(uint32_t)TASK_STUCK;
		if (over && (task->evidence.why == WHY_HISTORY ||
			     task->evidence.why == WHY_COUNTED))
			task->flags |= TASK_LONG;
	} else if (!over) {
		task->flags &= ~both;
	}
}

void track_confirm_begin(struct track *track)
{
	pthread_mutex_lock(&track->lock);
}

void track_bring(const struct track *track, size_t index)
{
	uint32_t number;

	if (index + AHEAD_ELEMENTS >= track->nr_of_task)
		return;
	number = track->of_task[index + AHEAD_ELEMENTS];
	/* The second half has what is confirmed. */
	if (number != TRACK_NONE)
		__builtin_prefetch((const char *)&track->records[number + 1] - 1);
}

void track_confirm(struct track *track, size_t index, struct task *task)
{
	if (index < track->nr_of_task && track->of_task[index] != TRACK_NONE)
		confirm_task(track, &track->records[track->of_task[index]], task);
	else
		task->flags &= ~(uint32_t)(TASK_STUCK | TASK_LONG);
}

void track_confirm_end(struct track *track)
{
	track->nr_of_task = 0;
	track_sweep(track);
	pthread_mutex_unlock(&track->lock);
}

static void track_recorded(struct track *track, const struct task *task)
{
	uint64_t hash = track_hash(track, task->kind, task->id, task->serial);
	uint32_t number = track_find(track, hash, task->kind, task->id, task->serial);
	struct track_record *record;
	bool is_new = number == TRACK_NONE;

	record = is_new ? track_add(track, task) : &track->records[number];
	if (!record)
		return;
	if (!is_new && (record->state != task->state ||
			task->since_ns > record->since_ns + TRACK_JITTER_NS))
		track_remember(record);
	record->state = (uint8_t)task->state;
	record->since_ns = task->since_ns;
	record->object = task_object(task);
	track->nr_seen += record->sample != track->sample;
	record->sample = track->sample;
}

void track_follow(struct track *track, const struct snapshot *snapshot)
{
	pthread_mutex_lock(&track->lock);
	track_next(track);
	for (size_t i = 0; i < snapshot->nr_tasks; i++)
		track_recorded(track, &snapshot->tasks[i]);
	track_sweep(track);
	pthread_mutex_unlock(&track->lock);
}

void track_reset(struct track *track)
{
	pthread_mutex_lock(&track->lock);
	track_next(track);
	track_sweep(track);
	track->has_sample = false;
	track->now_ns = 0;
	places_reset(track->places);
	pthread_mutex_unlock(&track->lock);
}

size_t track_history(struct track *track, enum task_kind kind, uint64_t id,
		     uint64_t serial, struct history_entry *out, size_t max)
{
	const struct track_record *record;
	const struct track_ring *ring;
	uint32_t number;
	size_t n = 0;

	if (max > TRACK_HISTORY_MAX)
		max = TRACK_HISTORY_MAX;
	pthread_mutex_lock(&track->lock);
	number = track_find(track, track_hash(track, kind, id, serial), kind, id, serial);
	if (number != TRACK_NONE && max > 0) {
		record = &track->records[number];
		ring = record->more ? record->more->ring : NULL;
		out[n++] = (struct history_entry){(enum task_state)record->state,
						  record->since_ns, record->object};
		for (uint32_t back = 1; ring && back <= ring->count && n < max; back++)
			out[n++] = ring->entries[(ring->next + ring->capacity - back) %
						 ring->capacity];
	}
	pthread_mutex_unlock(&track->lock);
	return n;
}
