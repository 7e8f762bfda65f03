/* SPDX-License-Identifier: MIT */
/*
 * A target whose tasks come, wait and go, simulated sample by sample, as unevenly as in
 * life. Samples come early and late, other sites have traffic, and sometimes a task is
 * seen while it runs or changes.
 */
#ifndef TESTS_UNIT_LEAK_WORLD_H
#define TESTS_UNIT_LEAK_WORLD_H

#include "../sanitized.h"
#include "unit.h"

#include "base/intern.h"
#include "core/group.h"
#include "core/stack.h"

#define SITES      6
#define NOISE_SITE 5 /* short visits of others */
#define TASKS_MAX  20000u
#define FOREVER    1e12
#define HOUR       3600.0
#define DAY        86400.0

struct unit {
	uint64_t id, serial;
	double dies;
	int site;
	bool restless; /* seen running, or in another wait, now and then */
};

struct world {
	struct grouping *grouping;
	struct intern *intern;
	struct stack_table *stacks;
	const struct stack *blocked[SITES], *creator[SITES];
	struct unit *units;
	size_t count;
	uint64_t next_id, random;
	int64_t start_real_ns; /* of the target; another one: a new process */
	double now, before, step;
	bool stopped, quiet; /* quiet: without noise */
	struct leak last;    /* the worst of the last sample */
	enum verdict verdict;
	int looks, alarms; /* samples that reported a leak */
	double found;      /* when the first alarm was; < 0: never */
};

static inline double chance(struct world *w)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return (double)(w->random >> 11) / 9007199254740992.0;
}

static inline struct unit *arrive(struct world *w, double life, int site)
{
	struct unit *unit = &w->units[w->count];

	assert_true(w->count < TASKS_MAX);
	w->count++;
	*unit = (struct unit){++w->next_id, 0, w->now + life, site, false};
	return unit;
}

static inline void arrive_many(struct world *w, int count, double life, int site)
{
	for (int i = 0; i < count; i++)
		arrive(w, life, site);
}

/* As many as a rate gives since the sample before, the fraction by chance. */
static inline int of_rate(struct world *w, double per_second)
{
	double count = per_second * (w->now - w->before);

	return (int)count + (chance(w) < count - (int)count);
}

static inline bool every(const struct world *w, double period)
{
	return (long)(w->now / period) != (long)(w->before / period);
}

/* Whether this is the first sample at or after that time. */
static inline bool at(const struct world *w, double time)
{
	return w->now >= time && (w->before < time || w->looks == 0);
}

/* As many units of the site as now. */
static inline size_t population(const struct world *w, int site)
{
	size_t count = 0;

	for (size_t i = 0; i < w->count; i++)
		count += w->units[i].site == site;
	return count;
}

static inline void bury(struct world *w)
{
	size_t kept = 0;

	for (size_t i = 0; i < w->count; i++)
		if (w->units[i].dies > w->now)
			w->units[kept++] = w->units[i];
	w->count = kept;
}

static inline void show(struct world *w, struct task *task, const struct unit *unit)
{
	double mood = unit->restless ? chance(w) : 1;
	int site = unit->site;

	task->id = unit->id;
	task->serial = unit->serial;
	task->state = STATE_CHAN_SEND;
	task->stack = w->blocked[site];
	task->created_by = w->creator[unit->site];
	if (!w->quiet && chance(w) < 0.01)
		task->flags |= TASK_SUSPECT;
	if (w->stopped) {
		task->state = STATE_STOPPED;
	} else if (mood < 0.2 || (!w->quiet && chance(w) < 0.01)) {
		task->state = STATE_RUNNING;
		task->stack = NULL;
	} else if (mood < 0.35) {
		task->state = STATE_MUTEX;
		task->stack = w->blocked[(site + 1) % SITES];
	}
}

static inline void world_look(struct world *w)
{
	struct snapshot *snapshot = snapshot_new();

	assert_non_null(snapshot);
	snapshot->mono_ns = (int64_t)((w->now + 1000) * 1e9);
	snapshot->real_ns = snapshot->mono_ns + 1700000000 * SECOND;
	snapshot->target.start_real_ns = w->start_real_ns;
	for (size_t i = 0; i < w->count; i++) {
		struct task *task = snapshot_add(snapshot);

		assert_non_null(task);
		show(w, task, &w->units[i]);
	}
	grouping_update(w->grouping, snapshot);
	assert_non_null(snapshot->groups);
	w->verdict = VERDICT_NONE;
	if (snapshot->groups->nr_leaks > 0) {
		w->last = snapshot->groups->leaks[0];
		w->last.evidence = w->last.limit = NULL;
		w->verdict = w->last.finding.verdict;
	}
	w->looks++;
	if (w->verdict == VERDICT_LEAK && w->alarms++ == 0)
		w->found = w->now;
	snapshot_unref(snapshot);
}

static inline const struct stack *make_stack(struct world *w, const char *name,
					     int number)
{
	struct frame frame = {.line = 10 + number, .address = 0x1000};
	char text[32];

	snprintf(text, sizeof(text), "%s_%d", name, number);
	frame.function = intern_text(w->intern, text, sizeof(text));
	return stack_intern(w->stacks, &frame, 1, false);
}

struct scenario {
	const char *name;
	void (*step)(struct world *w);
	double seconds, interval;
	double least; /* seconds before growth is a leak; 0: as in the view */
	bool leak;
	/* The fraction of samples that may report a leak that is not one, while that
	 * cannot be known yet. */
	double alarms;
};

static inline void world_init(struct world *w, uint64_t seed, double least)
{
	struct err e = {0};

	memset(w, 0, sizeof(*w));
	w->random = (seed + 1) * 0x9e3779b97f4a7c15ull;
	w->found = -1;
	w->start_real_ns = SECOND;
	w->intern = intern_new(1 << 20);
	w->stacks = stack_table_new(100);
	w->units = calloc(TASKS_MAX, sizeof(*w->units));
	w->grouping = grouping_new(NULL, &e);
	assert_non_null(w->grouping);
	if (least > 0)
		grouping_set_least(w->grouping, (int64_t)(least * 1e9));
	for (int i = 0; i < SITES; i++) {
		w->blocked[i] = make_stack(w, "send", i);
		w->creator[i] = make_stack(w, "handle", i);
	}
}

static inline void world_run(struct world *w, const struct scenario *scenario)
{
	w->step = scenario->interval;
	while (w->now < scenario->seconds) {
		bury(w);
		scenario->step(w);
		if (!w->quiet && !w->stopped)
			arrive_many(w, of_rate(w, 0.3 / w->step), 3 * w->step * chance(w),
				    NOISE_SITE);
		world_look(w);
		w->before = w->now;
		w->now += w->step * (w->quiet ? 1 : 0.8 + 0.4 * chance(w));
	}
}

static inline void world_release(struct world *w)
{
	grouping_free(w->grouping);
	stack_table_free(w->stacks);
	intern_free(w->intern);
	free(w->units);
}

#endif
