/* SPDX-License-Identifier: MIT */
/* Groups timers by what they call. Tickers and timers that send to a channel all call the
 * same function, so their period distinguishes them, and those of AfterFunc are
 * distinguished by the function that they run. */
#include "source/go/timer.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/text.h"

#define NAME_MAX_BYTES 300u
#define METHOD_VALUE   "-fm" /* the compiler appends it to the method's name */
#define ARGUMENT_BYTES 16u   /* a closure's function; a channel's length and capacity */

/* Returns the function of a function value, or 0. There are few such values. */
static uint64_t function_of(struct go_timers *timers, uint64_t address)
{
	struct go_timer_value *value =
		&timers->values[hash_mix(address, 0) % GO_TIMER_VALUES];

	if (value->address == address)
		return value->function;
	if (timers->value_reads == 0)
		return 0;
	timers->value_reads--;
	value->address = address;
	if (!memory_read(timers->mem, address, &value->function, 8))
		value->function = 0;
	return value->function;
}

static void count_timer(struct go_timers *timers, const struct go_timer *timer,
			uint64_t callback, uint64_t function, bool full)
{
	struct go_timer_group *groups = timers->groups, *group;
	size_t at = hash_mix(hash_mix(callback, function), (uint64_t)timer->period_ns) %
		    GO_TIMER_GROUPS_MAX;

	while (groups[at].count > 0 &&
	       (groups[at].callback != callback || groups[at].function != function ||
		groups[at].period_ns != timer->period_ns))
		at = (at + 1) % GO_TIMER_GROUPS_MAX;
	group = &groups[at];
	if (group->count == 0) {
		if (timers->nr_groups + 1 >= GO_TIMER_GROUPS_MAX) {
			timers->others++;
			return;
		}
		timers->nr_groups++;
		*group = (struct go_timer_group){.callback = callback,
						 .function = function,
						 .period_ns = timer->period_ns,
						 .next_ns = INT64_MAX};
	}
	group->count++;
	group->full += full;
	group->stayed += timer->first_ns <= timers->stayed_since_ns;
	if (timer->when_ns < group->next_ns)
		group->next_ns = timer->when_ns;
}

/* Takes a timer whose argument says more: the channel or the function. */
static void take_argument(struct go_timers *timers, const struct go_timer_pair *pair,
			  const uint8_t *bytes)
{
	const struct go_timer *timer = &timers->timers[pair->value];
	uint64_t first = load_u64(bytes), second = load_u64(bytes + 8);
	uint64_t callback = function_of(timers, timer->callback);
	bool calls = callback == timers->call;

	count_timer(timers, timer, callback, calls ? first : 0,
		    !calls && timer->period_ns > 0 && first > 0 && first == second);
}

void go_timers_group(struct go_timers *timers)
{
	timers->nr_pairs = timers->nr_groups = 0;
	timers->others = 0;
	timers->asynchronous = false;
	memset(timers->groups, 0, GO_TIMER_GROUPS_MAX * sizeof(*timers->groups));
	for (size_t i = 0; i < timers->nr_timers; i++) {
		const struct go_timer *timer = &timers->timers[i];
		uint64_t callback = function_of(timers, timer->callback);

		if (callback && callback == timers->send && !timer->channel)
			timers->asynchronous = true;
		if (callback && timer->argument &&
		    (callback == timers->send || callback == timers->call))
			timers->pairs[timers->nr_pairs++] =
				(struct go_timer_pair){timer->argument, i};
		else
			count_timer(timers, timer, callback, 0, false);
	}
	go_timer_sort(timers->pairs, timers->spare, timers->nr_pairs);
	go_timers_gather(timers, ARGUMENT_BYTES, take_argument);
}

static const char *name_of(struct go_timers *timers, uint64_t entry)
{
	const struct go_module *module =
		entry ? go_module_of(timers->module, entry) : NULL;
	struct go_func func;
	const char *name;
	size_t length;

	if (!module || !go_func_find(&module->table, entry, &func) || func.entry != entry)
		return "";
	name = go_func_name(&module->table, func.name);
	length = strnlen(name, NAME_MAX_BYTES);
	if (length > strlen(METHOD_VALUE) &&
	    text_starts_with(name + length - strlen(METHOD_VALUE), METHOD_VALUE))
		length -= strlen(METHOD_VALUE);
	return intern_text(timers->intern, name, length);
}

static int by_count(const void *left, const void *right)
{
	const struct go_timer_group *a = left, *b = right;

	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return (a->next_ns > b->next_ns) - (a->next_ns < b->next_ns);
}

/* Functions with equal names, such as wrappers of a method, are one group. */
static void add_group(struct go_timers *timers, const struct go_timer_group *group,
		      struct timers *out)
{
	const char *callback = name_of(timers, group->callback);
	const char *function = name_of(timers, group->function);
	int64_t next_ns = group->next_ns == INT64_MAX ? 0 : group->next_ns;

	for (size_t i = 0; i < out->nr_groups; i++) {
		struct timer_group *other = &out->groups[i];

		if (other->callback != callback || other->function != function ||
		    other->period_ns != group->period_ns)
			continue;
		other->count += group->count;
		other->full += group->full;
		other->stayed += group->stayed;
		if (next_ns && (!other->next_ns || next_ns < other->next_ns))
			other->next_ns = next_ns;
		return;
	}
	if (out->nr_groups == TIMER_GROUPS_MAX) {
		out->others += group->count;
		return;
	}
	out->groups[out->nr_groups++] =
		(struct timer_group){.callback = callback,
				     .function = function,
				     .period_ns = group->period_ns,
				     .count = group->count,
				     .full = group->full,
				     .stayed = group->stayed,
				     .next_ns = next_ns};
}

void go_timers_publish(struct go_timers *timers, struct timers *out)
{
	out->count = (int64_t)timers->nr_timers;
	out->tickers = 0;
	out->others = timers->others;
	out->partial = timers->partial;
	out->waited = timers->wide && !timers->asynchronous;
	for (size_t i = 0; i < timers->nr_timers; i++)
		out->tickers += timers->timers[i].period_ns > 0;
	qsort(timers->groups, GO_TIMER_GROUPS_MAX, sizeof(*timers->groups), by_count);
	for (size_t i = 0; i < timers->nr_groups; i++)
		add_group(timers, &timers->groups[i], out);
}
