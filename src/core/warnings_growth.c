/* SPDX-License-Identifier: MIT */
/* Warnings of what grows, or is near its limit. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/number.h"
#include "core/column.h"
#include "core/figures.h"
#include "core/warnings_private.h"

#define BEFORE_MAX     256
#define NAME_BYTES     100
#define HEAP_PARTS     4 /* of the time, in each of which the heap is larger */
#define HEAP_COLLECTED 3 /* collections, at least */

/* Writes "+3 every 2s" or "+12 a minute"; "" if it does not grow. */
static void put_growth(const struct trend_finding *finding, char *out, size_t size)
{
	double per_minute = finding->per_second * 60;
	char period[WARNING_AGE_MAX], number[NUMBER_TEXT_MAX];

	out[0] = '\0';
	if (finding->nr_steps > 0 && finding->period_ns >= CLOCK_SECOND_NS)
		snprintf(out, size, "+%" PRIu32 " every %s", finding->step_size,
			 warning_period(finding->period_ns, period));
	else if (per_minute >= 1)
		snprintf(out, size, "+%s a minute",
			 number_format((int64_t)(per_minute + 0.5), number));
	else if (per_minute > 0)
		snprintf(out, size, "+%.1f an hour", per_minute * 60);
}

/* Returns the largest group of tasks with one stack at which this leak was found. */
static const struct group *group_of(const struct groups *groups, const struct leak *leak)
{
	const struct group *best = NULL;

	for (size_t i = 0; i < groups->count[GROUP_STACK]; i++) {
		const struct group *group = &groups->list[GROUP_STACK][i];

		if (group->leak && group->leak->serial == leak->serial &&
		    (!best || group->count > best->count))
			best = group;
	}
	return best;
}

/* Why the tasks of a leak that does not grow never continue. */
static const char *proof_words(const struct leak *leak)
{
	return leak->proofs & PROOF_NIL_CHANNEL ? "wait for ever on a nil channel"
	       : leak->proofs & PROOF_RUNTIME   ? "leaked, as Go's runtime says"
						: NULL;
}

static void say_leak(struct finder *finder, struct warning *warning,
		     const struct leak *leak)
{
	const struct frame *frame = stack_top_frame(leak->stack);
	const struct frame *maker = stack_top_frame(leak->created_by);
	const char *function = frame && frame->function ? frame->function
							: state_info(leak->state)->name;
	const char *proof = proof_words(leak);
	const char *awaited_by = task_awaited_by(&finder->snapshot->tasks[leak->example]);
	size_t first = strcspn(leak->evidence, ".");
	char growth[64], count[NUMBER_TEXT_MAX], after[160], before[BEFORE_MAX];
	char name[WARNING_NAME_MAX], place[COLUMN_TEXT_MAX];

	put_growth(&leak->finding, growth, sizeof(growth));
	number_format(leak->count, count);
	if (growth[0] == '\0' && proof) {
		snprintf(before, sizeof(before), "%s %s", count, proof);
		warning_say(finder, warning, before, function, "");
	} else {
		snprintf(after, sizeof(after), ": %s%s%s", growth,
			 growth[0] ? ", now " : "", count);
		warning_say(finder, warning, "leak", function, after);
	}
	warning_explain(warning, "leak in %s", warning_name(function, NAME_BYTES, name));
	if (frame && *frame_format_location(frame, place))
		warning_explain(warning, " at %.60s",
				frame_format_location(frame, place));
	if (maker && maker->function)
		warning_explain(warning, ", created by %s",
				warning_name(maker->function, NAME_BYTES, name));
	if (awaited_by)
		warning_explain(warning, ", awaited by %s",
				warning_name(awaited_by, NAME_BYTES, name));
	/* A time such as 2.5s has a dot too, but no space behind it. */
	while (leak->evidence[first] == '.' && leak->evidence[first + 1] != ' ' &&
	       leak->evidence[first + 1] != '\0')
		first += 1 + strcspn(leak->evidence + first + 1, ".");
	warning_explain(warning, ": %s%s%.*s", growth, growth[0] ? "; " : "", (int)first,
			leak->evidence);
}

/* What another warning says already: the tasks of a deadlock, or those that are proven. */
static bool is_told(const struct leak *leak)
{
	return leak->finding.per_second <= 0 &&
	       (leak->proofs & (PROOF_DEADLOCK | PROOF_UNREACHABLE)) &&
	       leak->proven >= leak->count;
}

static void mark_tasks(struct finder *finder, const struct leak *leak,
		       struct warned *warned)
{
	const struct snapshot *s = finder->snapshot;

	for (size_t i = 0; i < s->nr_tasks; i++) {
		/* One that is new has not been counted as a part of the leak yet. */
		if (!(s->tasks[i].flags & (TASK_LEAK | TASK_STUCK)) ||
		    !leak_has(leak, &s->tasks[i]))
			continue;
		warned_add(warned, s, i);
		finder->told[i] = true;
	}
}

static void find_leaks(struct finder *finder)
{
	const struct groups *groups = finder->snapshot->groups;

	for (size_t i = 0; groups && i < groups->nr_leaks; i++) {
		const struct leak *leak = &groups->leaks[i];
		bool sure = leak->finding.verdict == VERDICT_PROOF || leak->stuck > 0;
		struct warned warned = {0};
		struct warning *warning;

		if (leak->finding.verdict < VERDICT_LEAK)
			continue;
		/* A part belongs to its lead, but its tasks are not stuck for another
		 * reason. */
		mark_tasks(finder, leak, &warned);
		if (leak->lead || is_told(leak))
			continue;
		warned.tasks = leak->count;
		warning = warning_add(finder, WARNING_LEAK, sure, leak->serial, &warned);
		if (!warning)
			continue;
		warning->group = group_of(groups, leak);
		warning->place = warning->group ? WARNING_AT_GROUP : WARNING_AT_TASKS;
		snprintf(warning->filter, WARNING_FILTER_MAX, "state:leak");
		say_leak(finder, warning, leak);
	}
}

static void find_timers(struct finder *finder, const struct timers *timers, pid_t pid)
{
	struct warned warned = {.pid = pid};

	for (size_t i = 0; timers && i < timers->nr_groups; i++) {
		const struct timer_group *group = &timers->groups[i];
		char text[TIMER_TEXT_MAX], name[WARNING_NAME_MAX], before[BEFORE_MAX];
		struct warning *warning;
		uint64_t key;

		if (!group->evidence || group->verdict < VERDICT_LEAK || group->lead)
			continue;
		key = hash_bytes((uint64_t)group->period_ns + (uint64_t)pid,
				 group->callback, strlen(group->callback));
		key = hash_bytes(key, group->function, strlen(group->function));
		warning = warning_add(finder, WARNING_TIMERS, false, key, &warned);
		if (!warning)
			continue;
		warning->place = WARNING_AT_RESOURCES;
		timer_group_text(group, text);
		warning_name(text, WARNING_CELLS - (sizeof("leak of ") - 1), name);
		snprintf(before, sizeof(before), "leak of %s", name);
		warning_say(finder, warning, before, NULL, "");
		warning_explain(warning, "leak of %.160s: %.200s", text, group->evidence);
	}
}

static const char *const limit_words[LIMIT_COUNT] = {
	[LIMIT_FDS] = "descriptors",
	[LIMIT_PROCESSES] = "tasks of its user",
	[LIMIT_PIDS] = "tasks of its cgroup",
	[LIMIT_MEMORY] = "memory of its cgroup",
};

static const char *limit_value(enum limit_id id, int64_t value,
			       char out[NUMBER_TEXT_MAX + 4])
{
	char number[NUMBER_TEXT_MAX];

	if (limit_info(id)->bytes)
		snprintf(out, NUMBER_TEXT_MAX + 4, "%s MB",
			 number_format(value >> 20, number));
	else
		snprintf(out, NUMBER_TEXT_MAX + 4, "%s", number_format(value, number));
	return out;
}

static void add_limit(struct finder *finder, const struct limit *limit, enum limit_id id,
		      pid_t pid)
{
	const struct snapshot *s = finder->snapshot;
	double share = limit_share(limit);
	int64_t reach_ns = pid ? -1 : figures_reach_ns(s, id);
	struct warned warned = {.pid = pid};
	struct warning *warning;
	char before[BEFORE_MAX], most[NUMBER_TEXT_MAX + 4], used[NUMBER_TEXT_MAX + 4];
	char when[WARNING_AGE_MAX];

	if (share < LIMIT_NEAR)
		return;
	warning = warning_add(finder, WARNING_LIMIT, share >= 1,
			      (uint64_t)id << 32 | (uint64_t)pid, &warned);
	if (!warning)
		return;
	warning->place = WARNING_AT_RESOURCES;
	warning->limit = (int)id;
	snprintf(before, sizeof(before), "%s at %.0f%% of %s", limit_words[id],
		 floor(share * 100), limit_value(id, limit->most, most));
	warning_say(finder, warning, before, NULL, "");
	limit_value(id, limit->used, used);
	if (limit_info(id)->bytes)
		warning_explain(warning, "%s of %s: %s", used, most,
				limit_info(id)->help);
	else
		warning_explain(warning, "%s of %s %s are in use", used, most,
				limit_info(id)->help);
	if (reach_ns >= 0)
		warning_explain(warning, "; at this rate the limit is reached in %s",
				warning_age(reach_ns, when));
}

/* Processes of one user or cgroup share these limits, so the first one speaks for all. */
static bool is_shared(enum limit_id id, const struct snapshot *s, size_t member)
{
	const struct limit *limit = &s->members[member].resources.limits[id];

	for (size_t i = 0; id != LIMIT_FDS && i < member; i++)
		if (s->members[i].resources.limits[id].most == limit->most)
			return true;
	return false;
}

static void find_limits(struct finder *finder)
{
	const struct snapshot *s = finder->snapshot;

	for (int id = 0; id < LIMIT_COUNT; id++) {
		if (s->nr_members == 0)
			add_limit(finder, &s->resources.limits[id], (enum limit_id)id, 0);
		for (size_t i = 0; i < s->nr_members; i++)
			if (!is_shared((enum limit_id)id, s, i))
				add_limit(finder, &s->members[i].resources.limits[id],
					  (enum limit_id)id, s->members[i].pid);
	}
}

/* Returns whether the live heap was larger in each part of the time than in the one
 * before. */
static bool heap_rises(const struct snapshot *s)
{
	const struct series *live = &s->figures->series[FIGURE_GO_LIVE];
	struct series_point points[HEAP_PARTS];

	if (live->count == 0 || live->last_ns - live->first_ns < TREND_LEAST_NS ||
	    series_resample(live, live->first_ns, live->last_ns, points, HEAP_PARTS) <
		    HEAP_PARTS)
		return false;
	for (size_t i = 1; i < HEAP_PARTS; i++)
		if (points[i].least <= points[i - 1].least)
			return false;
	return true;
}

static void find_heap(struct finder *finder)
{
	const struct snapshot *s = finder->snapshot;
	struct go_heap_point from, to;
	struct warning *warning;
	char text[GO_HEAP_TEXT_MAX];

	if (!figures_heap(s, &from, &to) || !go_heap_changed(&from, &to, GO_HEAP_LIVE) ||
	    to.heap.collections - from.heap.collections < HEAP_COLLECTED ||
	    !heap_rises(s))
		return;
	warning = warning_add(finder, WARNING_HEAP, false, 0, NULL);
	if (!warning)
		return;
	warning->place = WARNING_AT_RESOURCES;
	warning_say(finder, warning, go_heap_summary(&from, &to, GO_HEAP_LIVE, text),
		    NULL, "");
	warning_explain(warning, "%s", go_heap_explain(&from, &to, GO_HEAP_LIVE, text));
}

void warnings_find_growth(struct finder *finder)
{
	find_leaks(finder);
	find_limits(finder);
	find_timers(finder, finder->snapshot->timers, 0);
	for (size_t i = 0; i < finder->snapshot->nr_members; i++)
		find_timers(finder, finder->snapshot->members[i].timers,
			    finder->snapshot->members[i].pid);
	find_heap(finder);
}
