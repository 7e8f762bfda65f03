/* SPDX-License-Identifier: MIT */
/* Groups timers by what they call. Tickers and timers that send to a channel all call the
 * same function, so their period distinguishes them, and those of AfterFunc are
 * distinguished by the function that they run. */
#include "source/go/timer.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/text.h"

#define FEW_PARTS          32 /* few tickers are at most this part of all */
#define RANGE_PARTS        10 /* the range leaves out this part at either end */
#define NAME_MAX_BYTES     300u
#define METHOD_VALUE       "-fm" /* the compiler appends it to the method's name */
#define FUNCTION_BYTES     8u    /* a closure's function */
/* Of a channel: its length and capacity first, and the first task that waits to receive. */
#define CHANNEL_BYTES      72u
#define CHANNEL_WAITER_OLD 56u
#define CHANNEL_WAITER_NEW 64u /* since Go 1.23 */

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

/* Adds tickers of other periods to those that have no group of their own. */
static void add_various(struct go_timers *timers, const struct go_timer_group *group)
{
	struct go_timer_group *various = &timers->various;

	if (various->count == 0) {
		*various = *group;
		various->period_ns = TIMER_VARIOUS;
		return;
	}
	if (various->callback != group->callback)
		various->callback = 0;
	if (various->function != group->function)
		various->function = 0;
	various->count += group->count;
	various->full += group->full;
	various->stayed += group->stayed;
	if (group->next_ns < various->next_ns)
		various->next_ns = group->next_ns;
}

static void count_timer(struct go_timers *timers, const struct go_timer *timer,
			uint64_t callback, uint64_t function, bool full, bool waited)
{
	struct go_timer_group *groups = timers->groups;
	struct go_timer_group one = {
		.callback = callback,
		.function = function,
		.period_ns = timer->period_ns,
		.next_ns = timer->when_ns,
		.count = 1,
		.full = full,
		.stayed = !waited && timer->first_ns <= timers->stayed_since_ns,
	};
	size_t at = hash_mix(hash_mix(callback, function), (uint64_t)timer->period_ns) %
		    GO_TIMER_GROUPS_MAX;

	while (groups[at].count > 0 &&
	       (groups[at].callback != callback || groups[at].function != function ||
		groups[at].period_ns != timer->period_ns))
		at = (at + 1) % GO_TIMER_GROUPS_MAX;
	if (groups[at].count > 0) {
		groups[at].count++;
		groups[at].full += one.full;
		groups[at].stayed += one.stayed;
		if (one.next_ns < groups[at].next_ns)
			groups[at].next_ns = one.next_ns;
	} else if (timers->nr_groups + 1 < GO_TIMER_GROUPS_MAX) {
		timers->nr_groups++;
		groups[at] = one;
	} else if (one.period_ns > 0) {
		add_various(timers, &one);
	} else {
		timers->others++;
	}
}

/* Takes a timer whose argument is the function that runs. */
static void take_function(struct go_timers *timers, const struct go_timer_pair *pair,
			  const uint8_t *bytes)
{
	count_timer(timers, &timers->timers[pair->value], timers->call, load_u64(bytes),
		    false, false);
}

/* Takes a timer whose argument is a channel. */
static void take_channel(struct go_timers *timers, const struct go_timer_pair *pair,
			 const uint8_t *bytes)
{
	const struct go_timer *timer = &timers->timers[pair->value];
	uint64_t length = load_u64(bytes), capacity = load_u64(bytes + 8);
	uint64_t waiter = load_u64(
		bytes + (timers->wide ? CHANNEL_WAITER_NEW : CHANNEL_WAITER_OLD));

	count_timer(timers, timer, timers->send, 0,
		    timer->period_ns > 0 && length > 0 && length == capacity,
		    waiter != 0);
}

/* Visits the arguments of all timers with the callback. */
static void visit_arguments(struct go_timers *timers, uint64_t callback, unsigned bytes,
			    go_timer_visit visit)
{
	timers->nr_pairs = 0;
	for (size_t i = 0; i < timers->nr_timers && callback; i++) {
		const struct go_timer *timer = &timers->timers[i];

		if (timer->argument && function_of(timers, timer->callback) == callback)
			timers->pairs[timers->nr_pairs++] =
				(struct go_timer_pair){timer->argument, i};
	}
	go_timer_sort(timers->pairs, timers->spare, timers->nr_pairs);
	go_timers_gather(timers, bytes, visit);
}

void go_timers_group(struct go_timers *timers)
{
	timers->nr_groups = 0;
	timers->others = 0;
	timers->various.count = 0;
	timers->asynchronous = false;
	memset(timers->groups, 0, GO_TIMER_GROUPS_MAX * sizeof(*timers->groups));
	for (size_t i = 0; i < timers->nr_timers; i++) {
		const struct go_timer *timer = &timers->timers[i];
		uint64_t callback = function_of(timers, timer->callback);

		if (callback && callback == timers->send && !timer->channel)
			timers->asynchronous = true;
		if (!callback || !timer->argument ||
		    (callback != timers->send && callback != timers->call))
			count_timer(timers, timer, callback, 0, false, false);
	}
	visit_arguments(timers, timers->call, FUNCTION_BYTES, take_function);
	visit_arguments(timers, timers->send, CHANNEL_BYTES, take_channel);
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
				     .period_least_ns = group->period_least_ns,
				     .period_most_ns = group->period_most_ns,
				     .count = group->count,
				     .full = group->full,
				     .stayed = group->stayed,
				     .next_ns = next_ns};
}

static int by_period(const void *left, const void *right)
{
	const struct go_timer_group *a = left, *b = right;

	return (a->period_ns > b->period_ns) - (a->period_ns < b->period_ns);
}

/* Sets the range that has the periods of most of these groups: a few others among them say
 * nothing of the rest. */
static void set_range(struct go_timers *timers, struct go_timer_group *groups, size_t nr)
{
	uint64_t all = 0, before = 0;

	qsort(groups, nr, sizeof(*groups), by_period);
	for (size_t i = 0; i < nr; i++)
		all += groups[i].count;
	for (size_t i = 0; i < nr; i++) {
		if (before <= all / RANGE_PARTS)
			timers->various.period_least_ns = groups[i].period_ns;
		if (before < all - all / RANGE_PARTS)
			timers->various.period_most_ns = groups[i].period_ns;
		before += groups[i].count;
	}
}

/* If there are too many groups, tickers with a period that few have are one. It stays so,
 * because a group that comes and goes has no trend. The groups must be ordered by count.
 * Returns how many remain. */
static size_t gather_various(struct go_timers *timers, int64_t tickers)
{
	struct go_timer_group *groups = timers->groups, swap;
	size_t kept = 0;

	timers->varied |= timers->nr_groups > TIMER_GROUPS_MAX;
	if (!timers->varied)
		return timers->nr_groups;
	for (size_t i = 0; i < timers->nr_groups; i++) {
		if (groups[i].period_ns > 0 && groups[i].count <= tickers / FEW_PARTS) {
			add_various(timers, &groups[i]);
			continue;
		}
		swap = groups[kept];
		groups[kept++] = groups[i];
		groups[i] = swap;
	}
	set_range(timers, groups + kept, timers->nr_groups - kept);
	return kept;
}

static int by_size(const void *left, const void *right)
{
	const struct timer_group *a = left, *b = right;

	return a->count == b->count ? 0 : a->count > b->count ? -1 : 1;
}

void go_timers_publish(struct go_timers *timers, struct timers *out)
{
	size_t kept;

	out->count = (int64_t)timers->nr_timers;
	out->tickers = 0;
	out->others = timers->others;
	out->partial = timers->partial;
	out->waited = timers->wide && !timers->asynchronous;
	for (size_t i = 0; i < timers->nr_timers; i++)
		out->tickers += timers->timers[i].period_ns > 0;
	qsort(timers->groups, GO_TIMER_GROUPS_MAX, sizeof(*timers->groups), by_count);
	kept = gather_various(timers, out->tickers);
	if (timers->various.count > 0)
		add_group(timers, &timers->various, out);
	for (size_t i = 0; i < kept; i++)
		add_group(timers, &timers->groups[i], out);
	qsort(out->groups, out->nr_groups, sizeof(*out->groups), by_size);
}
