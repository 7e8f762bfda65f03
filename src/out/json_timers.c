/* SPDX-License-Identifier: MIT */
/* Writes "go_timers" of "resources" in dumps and streams. */
#include "base/clock.h"
#include "out/escape.h"
#include "out/json_field.h"

/* The next time changes with every sample if it is sooner; then streams do without it. */
#define SOON_NS (10 * CLOCK_SECOND_NS)

static void put_group(struct buf *out, const struct timer_group *group, int64_t now_ns,
		      bool stream)
{
	int64_t next_ns = group->next_ns;

	buf_puts(out, "{\"callback\": ");
	escape_json(out, group->callback);
	json_put_text(out, "function", group->function[0] ? group->function : NULL);
	json_put_count(out, ", ", "period_ns", group->period_ns);
	if (group->period_ns == TIMER_VARIOUS) {
		json_put_count(out, ", ", "period_least_ns", group->period_least_ns);
		json_put_count(out, ", ", "period_most_ns", group->period_most_ns);
	}
	json_put_count(out, ", ", "count", group->count);
	json_put_count(out, ", ", "full", group->full);
	json_put_count(out, ", ", "stayed", group->stayed);
	/* What is in a stream is judged when it is read. */
	if (group->evidence && !stream) {
		json_put_text(out, "verdict", verdict_name(group->verdict));
		json_put_count(out, ", ", "score", (int64_t)(group->score + 0.5));
		json_put_count(out, ", ", "per_minute",
			       (int64_t)(group->per_minute + 0.5));
		json_put_text(out, "evidence", group->evidence);
		json_put_count(out, ", ", "part_of",
			       group->lead ? (int64_t)group->lead : -1);
	}
	if (stream)
		json_put_count(out, ", ", "next_ns",
			       next_ns - now_ns > SOON_NS ? next_ns : -1);
	else
		json_put_count(out, ", ", "next_in_ns",
			       next_ns == 0       ? -1
			       : next_ns < now_ns ? 0
						  : next_ns - now_ns);
	buf_puts(out, "}");
}

void json_put_timers(struct buf *out, const struct timers *timers, int64_t now_ns,
		     bool stream)
{
	if (!timers)
		return;
	json_put_key(out, ", ", "go_timers");
	if (timers->count < 0) {
		buf_puts(out, "null");
		return;
	}
	buf_puts(out, "{");
	json_put_count(out, "", "count", timers->count);
	json_put_count(out, ", ", "tickers", timers->tickers);
	json_put_count(out, ", ", "others", timers->others);
	json_put_bool(out, "partial", timers->partial);
	json_put_bool(out, "waited_only", timers->waited);
	/* Otherwise they were read with this sample. */
	if (stream && timers->read_ns != now_ns)
		json_put_count(out, ", ", "read_ns", timers->read_ns);
	buf_puts(out, ", \"groups\": [");
	for (size_t i = 0; i < timers->nr_groups; i++) {
		buf_puts(out, i > 0 ? ", " : "");
		put_group(out, &timers->groups[i], now_ns, stream);
	}
	buf_puts(out, "]}");
}
