/* SPDX-License-Identifier: MIT */
/* Decodes the timers of a runtime. A group of the wrong type is left out. */
#include <string.h>

#include "base/clock.h"
#include "rec/decode.h"

#define COUNT_MAX      UINT32_MAX
#define NAME_MAX_BYTES 300u

static uint32_t count_of(json_t *object, const char *key)
{
	int64_t count = rec_decode_number(object, key, 0);

	return count < 0 ? 0 : count > COUNT_MAX ? COUNT_MAX : (uint32_t)count;
}

static const char *name_of(const struct rec_tables *tables, json_t *object,
			   const char *key)
{
	const char *name = json_string_value(json_object_get(object, key));

	return name ? intern_text(tables->intern, name, NAME_MAX_BYTES) : "";
}

static void decode_group(const struct rec_tables *tables, json_t *object, int64_t now_ns,
			 struct timer_group *group)
{
	int64_t next_in_ns = rec_decode_number(object, "next_in_ns", -1);
	bool various = json_is_null(json_object_get(object, "period_ns"));

	*group = (struct timer_group){
		.callback = name_of(tables, object, "callback"),
		.function = name_of(tables, object, "function"),
		.period_ns =
			various ? TIMER_VARIOUS : rec_decode_time(object, "period_ns"),
		.period_least_ns = rec_decode_time(object, "period_least_ns"),
		.period_most_ns = rec_decode_time(object, "period_most_ns"),
		.count = count_of(object, "count"),
		.full = count_of(object, "full"),
		.stayed = count_of(object, "stayed"),
		.next_ns = next_in_ns < 0 ? rec_decode_time(object, "next_ns")
					  : clock_add(now_ns, next_in_ns),
	};
}

const struct timers *rec_decode_timers(const struct rec_tables *tables, json_t *object,
				       struct snapshot *out)
{
	json_t *groups = json_object_get(object, "groups"), *group;
	struct timers *timers = object ? arena_alloc(&out->arena, sizeof(*timers)) : NULL;
	size_t i;

	if (!timers)
		return NULL;
	timers->count = timers->tickers = -1;
	if (!json_is_object(object))
		return timers;
	timers->count = count_of(object, "count");
	timers->tickers = count_of(object, "tickers");
	timers->others = count_of(object, "others");
	timers->partial = json_is_true(json_object_get(object, "partial"));
	timers->waited = json_is_true(json_object_get(object, "waited_only"));
	timers->read_ns = rec_decode_time(object, "read_ns");
	if (timers->read_ns == 0)
		timers->read_ns = out->mono_ns;
	json_array_foreach(groups, i, group)
	{
		if (timers->nr_groups < TIMER_GROUPS_MAX && json_is_object(group))
			decode_group(tables, group, out->mono_ns,
				     &timers->groups[timers->nr_groups++]);
	}
	return timers;
}
