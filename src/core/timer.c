/* SPDX-License-Identifier: MIT */
#include "core/timer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

#define EVIDENCE_MAX 1000u

struct timers *timers_copy(const struct timers *timers, struct arena *arena)
{
	struct timers *copy = timers ? arena_alloc(arena, sizeof(*copy)) : NULL;

	if (copy)
		*copy = *timers;
	for (size_t i = 0; copy && i < copy->nr_groups; i++)
		if (copy->groups[i].evidence)
			copy->groups[i].evidence = arena_strndup(
				arena, copy->groups[i].evidence, EVIDENCE_MAX);
	return copy;
}

size_t timers_leaks(const struct timers *timers, enum verdict least)
{
	size_t count = 0;

	for (size_t i = 0; timers && i < timers->nr_groups; i++)
		count += timers->groups[i].evidence &&
			 timers->groups[i].verdict >= least && !timers->groups[i].lead;
	return count;
}

int64_t timers_count_of(const struct timers *timers, const struct timer_group *group)
{
	for (size_t i = 0; i < timers->nr_groups; i++) {
		const struct timer_group *own = &timers->groups[i];

		if (own->period_ns == group->period_ns &&
		    strcmp(own->callback, group->callback) == 0 &&
		    strcmp(own->function, group->function) == 0)
			return own->count;
	}
	return 0;
}

bool timer_group_sends(const struct timer_group *group)
{
	return strcmp(group->callback, "time.sendTime") == 0;
}

/* Writes what the timers do: "that send to a channel". */
static void put_purpose(const struct timer_group *group, char *out, size_t size)
{
	bool one = group->count == 1;

	if (group->function[0])
		snprintf(out, size, " that call%s %.200s", one ? "s" : "",
			 group->function);
	else if (timer_group_sends(group))
		snprintf(out, size, " that send%s to a channel", one ? "s" : "");
	else if (strcmp(group->callback, "runtime.goroutineReady") == 0)
		snprintf(out, size, " of %s", one ? "a sleep" : "sleeps");
	else if (text_starts_with(group->callback, "runtime.netpoll"))
		snprintf(out, size, " of %s", one ? "an I/O deadline" : "I/O deadlines");
	else if (group->callback[0])
		snprintf(out, size, " that run%s %.200s", one ? "s" : "",
			 group->callback);
	else
		snprintf(out, size, " of an unknown function");
}

/* Writes " of 5.0s" of tickers. */
static void put_period(const struct timer_group *group, char *out, size_t size)
{
	char least[CLOCK_DURATION_MAX], most[CLOCK_DURATION_MAX];

	out[0] = '\0';
	if (group->period_ns == TIMER_VARIOUS)
		snprintf(out, size, " of %s to %s",
			 clock_format_duration(group->period_least_ns, least),
			 clock_format_duration(group->period_most_ns, most));
	else if (group->period_ns > 0)
		snprintf(out, size, " of %s",
			 clock_format_duration(group->period_ns, least));
}

const char *timer_group_text(const struct timer_group *group, char out[TIMER_TEXT_MAX])
{
	char period[2 * CLOCK_DURATION_MAX + 16], purpose[TIMER_TEXT_MAX - 120];

	put_period(group, period, sizeof(period));
	put_purpose(group, purpose, sizeof(purpose));
	snprintf(out, TIMER_TEXT_MAX, "%" PRIu32 " %s%s%s%s", group->count,
		 group->period_ns != 0 ? "ticker" : "timer", group->count == 1 ? "" : "s",
		 period, purpose);
	return out;
}

const char *timer_group_details(const struct timer_group *group, int64_t now_ns,
				char out[TIMER_TEXT_MAX])
{
	char next[CLOCK_DURATION_MAX];
	size_t used;

	timer_group_text(group, out);
	used = strlen(out);
	/* Some are armed for the end of time, which is how they are disabled. */
	if (group->next_ns > 0 && group->next_ns < INT64_MAX)
		used += (size_t)snprintf(
			out + used, TIMER_TEXT_MAX - used, ", the next in %s",
			clock_format_duration(group->next_ns - now_ns, next));
	if (group->full > 0)
		snprintf(out + used, TIMER_TEXT_MAX - used,
			 "; %" PRIu32 " channel%s full: no task receives", group->full,
			 group->full == 1 ? " is" : "s are");
	return out;
}

const char *timers_text(const struct timers *timers, char out[TIMER_TEXT_MAX])
{
	if (timers->count < 0) {
		snprintf(out, TIMER_TEXT_MAX, "not found in this program's memory");
		return out;
	}
	snprintf(out, TIMER_TEXT_MAX,
		 "%" PRId64 " timer%s%s, %" PRId64 " of them ticker%s%s", timers->count,
		 timers->count == 1 ? "" : "s", timers->partial ? " or more" : "",
		 timers->tickers, timers->tickers == 1 ? "" : "s",
		 timers->waited ? "; those of channels count only while a task waits"
				: "");
	return out;
}
