/* SPDX-License-Identifier: MIT */
/* Local times, and the round ones among them for the axis of a plot. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/array.h"
#include "base/clock.h"
#include "out/html.h"

#define SECOND CLOCK_SECOND_NS
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

static const int64_t steps_ns[] = {
	SECOND / 10, SECOND / 5,  SECOND / 2,  SECOND,      2 * SECOND,  5 * SECOND,
	10 * SECOND, 15 * SECOND, 20 * SECOND, 30 * SECOND, MINUTE,      2 * MINUTE,
	5 * MINUTE,  10 * MINUTE, 15 * MINUTE, 20 * MINUTE, 30 * MINUTE, HOUR,
	2 * HOUR,    3 * HOUR,    4 * HOUR,    6 * HOUR,    12 * HOUR,   DAY,
	2 * DAY,     4 * DAY,     8 * DAY,     16 * DAY,    32 * DAY,    64 * DAY,
	128 * DAY,   256 * DAY,   512 * DAY,   1024 * DAY,  2048 * DAY,  4096 * DAY,
	8192 * DAY,
};

static void local_of(int64_t real_ns, struct tm *tm)
{
	time_t seconds = (time_t)(real_ns / SECOND - (real_ns % SECOND < 0));

	if (!localtime_r(&seconds, tm))
		memset(tm, 0, sizeof(*tm));
}

const char *html_time(int64_t real_ns, enum html_time form, char out[HTML_TIME_MAX])
{
	size_t length = 0;
	struct tm tm;

	local_of(real_ns, &tm);
	switch (form) {
	case HTML_DAY:
		length = strftime(out, HTML_TIME_MAX, "%Y-%m-%d", &tm);
		break;
	case HTML_MONTH_DAY:
		length = strftime(out, HTML_TIME_MAX, "%m-%d", &tm);
		break;
	case HTML_MINUTE:
		length = strftime(out, HTML_TIME_MAX, "%H:%M", &tm);
		break;
	case HTML_SECOND:
		length = strftime(out, HTML_TIME_MAX, "%H:%M:%S", &tm);
		break;
	case HTML_DAY_MINUTE:
		length = strftime(out, HTML_TIME_MAX, "%Y-%m-%d %H:%M", &tm);
		break;
	case HTML_ZONE:
		length = strftime(out, HTML_TIME_MAX, "%Z", &tm);
		break;
	}
	if (length == 0)
		out[0] = '\0';
	return out;
}

const char *html_zone(int64_t real_ns, char out[HTML_TIME_MAX])
{
	char name[HTML_TIME_MAX];
	struct tm tm;
	int minutes;

	local_of(real_ns, &tm);
	minutes = (int)(tm.tm_gmtoff / 60);
	html_time(real_ns, HTML_ZONE, name);
	if (minutes == 0)
		snprintf(out, HTML_TIME_MAX, "%.20s", name[0] ? name : "UTC");
	else
		snprintf(out, HTML_TIME_MAX, "%.10s, UTC%c%02u:%02u", name,
			 minutes < 0 ? '-' : '+', (unsigned)abs(minutes) / 60 % 100,
			 (unsigned)abs(minutes) % 60);
	return out;
}

/* Returns the first multiple of the step, in local time, that is not before this one. */
static int64_t round_up(int64_t real_ns, int64_t step_ns)
{
	struct tm tm;
	int64_t local_ns, rest;

	local_of(real_ns, &tm);
	local_ns = real_ns + tm.tm_gmtoff * SECOND;
	rest = local_ns % step_ns;
	return rest > 0 ? real_ns + step_ns - rest : real_ns;
}

/* Returns the smallest step that divides span into at most `most` parts and is a multiple
 * of `of`. */
static int64_t choose_step(int64_t span_ns, size_t most, int64_t of_ns)
{
	for (size_t i = 0; i < ARRAY_COUNT(steps_ns); i++)
		if (steps_ns[i] % of_ns == 0 && span_ns / steps_ns[i] < (int64_t)most)
			return steps_ns[i];
	return steps_ns[ARRAY_COUNT(steps_ns) - 1];
}

static void write_tick(struct html_tick *tick, int64_t step_ns)
{
	bool is_midnight = round_up(tick->real_ns, DAY) == tick->real_ns;
	size_t length;

	if (is_midnight || step_ns >= DAY)
		html_time(tick->real_ns, step_ns >= 256 * DAY ? HTML_DAY : HTML_MONTH_DAY,
			  tick->text);
	else
		html_time(tick->real_ns, step_ns >= MINUTE ? HTML_MINUTE : HTML_SECOND,
			  tick->text);
	length = strlen(tick->text);
	if (step_ns < SECOND)
		snprintf(tick->text + length, sizeof(tick->text) - length, ".%d",
			 (int)(tick->real_ns / (SECOND / 10) % 10));
}

void html_ticks_choose(struct html_ticks *ticks, int64_t from_ns, int64_t to_ns,
		       size_t most, size_t few)
{
	int64_t step_ns = choose_step(to_ns - from_ns, most, steps_ns[0]);
	int64_t rare_ns = choose_step(to_ns - from_ns, few, step_ns);

	ticks->count = 0;
	/* The offset of local time may change in between. */
	for (int64_t at_ns = round_up(from_ns, step_ns);
	     at_ns <= to_ns && ticks->count < HTML_TICKS_MAX;
	     at_ns = round_up(at_ns + step_ns, step_ns)) {
		struct html_tick *tick = &ticks->list[ticks->count++];

		tick->real_ns = at_ns;
		tick->rare = round_up(at_ns, rare_ns) == at_ns;
		write_tick(tick, step_ns);
	}
}
