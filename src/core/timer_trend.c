/* SPDX-License-Identifier: MIT */
#include "core/timer_trend.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "core/group.h"

#define ENTRIES_MAX (2 * TIMER_GROUPS_MAX)
#define PACE_AGREES 0.25 /* fraction by which equal paces may differ */

struct entry {
	const char *callback, *function;
	int64_t period_ns;
	uint32_t count, stayed; /* in this reading */
	uint32_t before;        /* stayed in the last one */
	struct trend_ring ring; /* of all of them, for the graph */
	struct trend trend;     /* of those that have stayed */
};

struct timer_trends {
	struct entry *list[ENTRIES_MAX];
	size_t count;
	int64_t read_ns; /* the last reading */
};

struct timer_trends *timer_trends_new(void)
{
	return calloc(1, sizeof(struct timer_trends));
}

void timer_trends_reset(struct timer_trends *trends)
{
	if (!trends)
		return;
	for (size_t i = 0; i < trends->count; i++)
		free(trends->list[i]);
	trends->count = 0;
	trends->read_ns = 0;
}

void timer_trends_free(struct timer_trends *trends)
{
	timer_trends_reset(trends);
	free(trends);
}

static bool is_of(const struct entry *entry, const struct timer_group *group)
{
	return entry->period_ns == group->period_ns &&
	       strcmp(entry->callback, group->callback) == 0 &&
	       strcmp(entry->function, group->function) == 0;
}

static struct entry *find_entry(struct timer_trends *trends,
				const struct timer_group *group)
{
	for (size_t i = 0; i < trends->count; i++)
		if (is_of(trends->list[i], group))
			return trends->list[i];
	return NULL;
}

/* Makes an entry. If there is no room, it replaces one that has no timers. */
static struct entry *add_entry(struct timer_trends *trends,
			       const struct timer_group *group)
{
	struct entry *entry = NULL;

	for (size_t i = 0; trends->count == ENTRIES_MAX && i < ENTRIES_MAX && !entry; i++)
		if (trends->list[i]->count == 0)
			entry = trends->list[i];
	if (!entry && trends->count < ENTRIES_MAX) {
		entry = malloc(sizeof(*entry));
		if (entry)
			trends->list[trends->count++] = entry;
	}
	if (!entry)
		return NULL;
	memset(entry, 0, sizeof(*entry));
	entry->callback = group->callback;
	entry->function = group->function;
	entry->period_ns = group->period_ns;
	trend_init(&entry->trend);
	trend_ring_init(&entry->ring, 0);
	return entry;
}

static void push_reading(struct timer_trends *trends, const struct timers *timers)
{
	bool first = trends->read_ns == 0;

	for (size_t i = 0; i < trends->count; i++)
		trends->list[i]->count = trends->list[i]->stayed = 0;
	for (size_t i = 0; i < timers->nr_groups; i++) {
		const struct timer_group *group = &timers->groups[i];
		struct entry *entry = find_entry(trends, group);

		if (!entry) {
			entry = add_entry(trends, group);
			/* It had none before. */
			if (entry && !first)
				trend_push(&entry->trend, trends->read_ns,
					   &(struct trend_flow){0},
					   &(struct trend_flow){0});
		}
		if (entry) {
			entry->count = group->count;
			entry->stayed = group->stayed;
		}
	}
	for (size_t i = 0; i < trends->count; i++) {
		struct entry *entry = trends->list[i];
		uint32_t now = entry->stayed, before = first ? now : entry->before;
		struct trend_flow flow = {now, now > before ? now - before : 0,
					  before > now ? before - now : 0, 0};

		trend_push(&entry->trend, timers->read_ns, &flow, &flow);
		trend_ring_push(&entry->ring, timers->read_ns, entry->count, flow.came,
				flow.left);
		entry->before = now;
	}
	trends->read_ns = timers->read_ns;
}

static bool is_judged(const struct timers *timers, const struct timer_group *group)
{
	return group->callback[0] && !text_starts_with(group->callback, "runtime.") &&
	       !(timers->waited && timer_group_sends(group));
}

static void publish(struct entry *entry, struct snapshot *snapshot, int64_t least_ns,
		    const struct timers *timers, struct timer_group *group)
{
	struct trend_finding finding = {0};

	group->nr_spark = entry->ring.count;
	group->spark_begin_ns = entry->ring.begin_ns;
	for (uint32_t i = 0; i < entry->ring.count; i++)
		group->spark[i] = entry->ring.buckets[i].last;
	group->per_minute = trend_per_minute(&entry->ring, entry->trend.last_ns);
	if (!is_judged(timers, group) ||
	    (entry->trend.came == 0 && entry->trend.score <= 0))
		return;
	trend_judge(&entry->trend, least_ns, &finding);
	if (finding.verdict == VERDICT_NONE)
		return;
	group->evidence = finding_explain(&finding, snapshot);
	group->verdict = finding.verdict;
	group->score = finding.score;
}

struct timers *timer_trends_update(struct timer_trends *trends, struct snapshot *snapshot,
				   int64_t least_ns)
{
	struct timers *timers;

	if (!trends || !snapshot->timers || snapshot->timers->count < 0)
		return NULL;
	timers = timers_copy(snapshot->timers, &snapshot->arena);
	if (!timers)
		return NULL;
	if (timers->read_ns < trends->read_ns)
		timer_trends_reset(trends);
	/* If not all were read, those that were may be others each time. */
	if (timers->read_ns > trends->read_ns && !timers->partial)
		push_reading(trends, timers);
	for (size_t i = 0; i < timers->nr_groups && !timers->partial; i++) {
		struct entry *entry = find_entry(trends, &timers->groups[i]);

		if (entry)
			publish(entry, snapshot, least_ns, timers, &timers->groups[i]);
	}
	snapshot->timers = timers;
	return timers;
}

/* Returns the length of "net/http.(*persistConn)" in a name that begins with it, or 0 if
 * the function is not a method of a pointer. */
static size_t receiver_bytes(const char *function)
{
	const char *begin = function ? strstr(function, ".(*") : NULL;
	const char *end = begin ? strchr(begin, ')') : NULL;

	return end ? (size_t)(end + 1 - function) : 0;
}

static bool has_method(const struct stack *stack, const char *function)
{
	size_t bytes = receiver_bytes(function);

	for (size_t i = 0; bytes > 0 && stack && i < stack->nr_frames; i++)
		if (receiver_bytes(stack->frames[i].function) == bytes &&
		    memcmp(stack->frames[i].function, function, bytes) == 0)
			return true;
	return false;
}

static const struct leak *find_owner(const struct timer_group *group,
				     const struct leak *leaks, size_t nr_leaks)
{
	const char *function = group->function[0] ? group->function : group->callback;
	double pace = group->per_minute;

	for (size_t i = 0; i < nr_leaks; i++) {
		double other = leaks[i].finding.per_second * 60;

		if (leaks[i].finding.verdict >= group->verdict &&
		    pace >= other * (1 - PACE_AGREES) &&
		    other >= pace * (1 - PACE_AGREES) &&
		    has_method(leaks[i].stack, function))
			return &leaks[i];
	}
	return NULL;
}

void timers_join(struct timers *timers, const struct groups *groups,
		 struct snapshot *snapshot)
{
	for (size_t i = 0; timers && i < timers->nr_groups; i++) {
		struct timer_group *group = &timers->groups[i];
		const struct leak *leak = NULL;
		const struct frame *frame;
		const char *text;

		if (!group->evidence || timer_group_sends(group))
			continue;
		leak = find_owner(group, groups->leaks, groups->nr_leaks);
		if (!leak)
			leak = find_owner(group, groups->known, groups->nr_known);
		frame = leak ? stack_top_frame(leak->stack) : NULL;
		if (!frame || !frame->function)
			continue;
		group->lead = leak->lead ? leak->lead : leak->serial;
		text = arena_printf(
			&snapshot->arena,
			"%s They are timers of the leak of %s, which grows at "
			"the same pace and is about the same type.",
			group->evidence, frame->function);
		group->evidence = text ? text : group->evidence;
	}
}
