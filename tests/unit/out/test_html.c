/* SPDX-License-Identifier: MIT */
/* The page of a report: round local times, plots of few and of many values, text. */
#include "unit.h"

#include <math.h>
#include <time.h>

#include "core/series.h"
#include "out/html.h"

#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
#define START  (1795996800 * SECOND) /* 2026-11-30 00:00:00 in UTC */

static void set_zone(const char *zone)
{
	assert_int_equal(setenv("TZ", zone, 1), 0);
	tzset();
}

/* The labels, separated by spaces; those that are rare in brackets. */
static const char *labels_of(int64_t from_ns, int64_t span_ns, char out[512])
{
	struct html_ticks ticks;
	size_t used = 0;

	html_ticks_choose(&ticks, from_ns, from_ns + span_ns, 7, 3);
	out[0] = '\0';
	for (size_t i = 0; i < ticks.count; i++)
		used += (size_t)snprintf(out + used, 512 - used,
					 ticks.list[i].rare ? "%s[%s]" : "%s%s",
					 used > 0 ? " " : "", ticks.list[i].text);
	return out;
}

static void ticks_are_round_local_times(void **state)
{
	char text[512];

	(void)state;
	set_zone("XYZ-05:30");
	assert_string_equal(labels_of(START + 3 * SECOND, 40 * SECOND, text),
			    "05:30:10 [05:30:20] 05:30:30 [05:30:40]");
	assert_string_equal(labels_of(START, 5 * MINUTE, text),
			    "[05:30] 05:31 [05:32] 05:33 [05:34] 05:35");
	assert_string_equal(labels_of(START + 7 * MINUTE, 6 * HOUR, text),
			    "[06:00] 07:00 08:00 [09:00] 10:00 11:00");
}

static void ticks_say_the_day(void **state)
{
	char text[512];

	(void)state;
	set_zone("UTC0");
	assert_string_equal(labels_of(START - 2 * HOUR, 4 * HOUR, text),
			    "[22:00] 23:00 [11-30] 01:00 [02:00]");
	assert_string_equal(labels_of(START - 3 * DAY, 4 * DAY, text),
			    "[11-27] 11-28 [11-29] 11-30 [12-01]");
}

/* From 2:00 the clock goes to 3:00: there is no 2:00, and all labels are true. */
static void ticks_survive_summer_time(void **state)
{
	struct html_ticks ticks;
	int64_t night_ns = START + 118 * DAY - HOUR; /* 2027-03-28 00:00 CET */
	char text[HTML_TIME_MAX];

	(void)state;
	set_zone("CET-1CEST,M3.5.0,M10.5.0/3");
	html_ticks_choose(&ticks, night_ns, night_ns + 24 * HOUR, 7, 3);
	assert_in_range(ticks.count, 4, 7);
	for (size_t i = 1; i < ticks.count; i++) {
		assert_true(ticks.list[i].real_ns > ticks.list[i - 1].real_ns);
		assert_string_equal(
			html_time(ticks.list[i].real_ns, HTML_SECOND, text) + 5, ":00");
	}
	assert_string_equal(html_zone(night_ns, text), "CET, UTC+01:00");
	assert_string_equal(html_zone(night_ns + 12 * HOUR, text), "CEST, UTC+02:00");
}

static void ticks_fit_any_span(void **state)
{
	struct html_ticks ticks;

	(void)state;
	set_zone("UTC0");
	for (int64_t span_ns = 10 * CLOCK_MS_NS; span_ns < 20000 * DAY;
	     span_ns += span_ns / 7 + 1) {
		size_t rare = 0;

		html_ticks_choose(&ticks, START + 12345, START + 12345 + span_ns, 7, 3);
		assert_in_range(ticks.count, 0, 7);
		for (size_t i = 0; i < ticks.count; i++) {
			assert_true(ticks.list[i].real_ns <= START + 12345 + span_ns);
			rare += ticks.list[i].rare;
		}
		assert_in_range(rare, 0, 3);
		if (span_ns > SECOND)
			assert_true(ticks.count > 1);
	}
}

static void put_plot(struct buf *out, const struct series *series)
{
	const int64_t steps_ns[] = {series->first_ns + SECOND, series->first_ns - SECOND};

	buf_init(out, 0);
	html_put_plot(out,
		      &(struct report_plot){.series = series,
					    .what = "a<b",
					    .unit = UNIT_COUNT,
					    .steps_ns = steps_ns,
					    .nr_steps = 2,
					    .real_ahead_ns = START},
		      HTML_LARGE);
	assert_false(out->failed);
}

static void plots_have_few_or_many_values(void **state)
{
	struct series series;
	struct buf out;

	(void)state;
	set_zone("UTC0");
	series_init(&series);
	series_push(&series, 1 * SECOND, 3);
	put_plot(&out, &series); /* one value has no time */
	assert_int_equal(out.length, 0);
	buf_release(&out);
	series_push(&series, 4 * SECOND, 7);
	put_plot(&out, &series);
	assert_contains(out.bytes, "a&lt;b: 3 to 7 in 3.0s, from 00:00:01 to 00:00:04 "
				   "UTC. Dashed lines: the time of 1 step.");
	assert_contains(out.bytes, ">00:00:02.0</text>");
	buf_release(&out);
	for (int i = 0; i < 100000; i++)
		series_push(&series, (5 + i) * SECOND, 1000 + i % 10);
	put_plot(&out, &series);
	assert_contains(out.bytes, "3 to 1009 in 1d03h");
	assert_in_range(out.length, 1000, 20000);
	assert_null(strstr(out.bytes, "nan"));
	buf_release(&out);
}

static void plots_say_where_their_scale_begins(void **state)
{
	struct series series;
	struct buf out;

	(void)state;
	series_init(&series);
	for (int i = 0; i < 10; i++)
		series_push(&series, (1 + i) * SECOND, 1000 + i);
	put_plot(&out, &series);
	assert_contains(out.bytes, "The scale begins at 1000, not at 0.");
	buf_release(&out);
}

static void text_is_only_text(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 0);
	html_put(&out, "<a href='x' b=\"y\">&lt;\x1b\xff\n");
	assert_string_equal(out.bytes,
			    "&lt;a href=&#39;x&#39; b=&quot;y&quot;&gt;&amp;lt;"
			    "\\x1b\\xff\\n");
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ticks_are_round_local_times),
		cmocka_unit_test(ticks_say_the_day),
		cmocka_unit_test(ticks_survive_summer_time),
		cmocka_unit_test(ticks_fit_any_span),
		cmocka_unit_test(plots_have_few_or_many_values),
		cmocka_unit_test(plots_say_where_their_scale_begins),
		cmocka_unit_test(text_is_only_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
