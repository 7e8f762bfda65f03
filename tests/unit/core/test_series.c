/* SPDX-License-Identifier: MIT */
/* History of a figure: bounded, with its extremes, its trend, and its plots. */
#include "unit.h"

#include <math.h>

#include "core/figures.h"
#include "core/series.h"
#include "tui/graph.h"

static struct series series;

/* value(i) each step_ns. */
static void fill(size_t count, int64_t step_ns, double (*value)(size_t i))
{
	series_init(&series);
	for (size_t i = 0; i < count; i++)
		series_push(&series, 1000 * SECOND + (int64_t)i * step_ns, value(i));
}

static double line(size_t i)
{
	return 100 + 2 * (double)i;
}

static double flat(size_t i)
{
	return 7 + 0 * (double)i;
}

static double saw(size_t i)
{
	return (double)(i % 20);
}

static double noise(size_t i)
{
	return (double)((i * 7919 + 13) % 101);
}

static double spike(size_t i)
{
	return i == 12345 ? 1e6 : 10;
}

static void one_value(void **state)
{
	struct series_trend trend;

	series_init(&series);
	assert_int_equal(series.count, 0);
	series_push(&series, 5 * SECOND, 3);
	assert_int_equal(series.count, 1);
	assert_true(series.last == 3 && series.min == 3 && series.max == 3);
	assert_false(series_trend(&series, 0, &trend));
	assert_int_equal(series_reaches_ns(&series, 100), -1);
}

static void hours_fit(void **state)
{
	fill(5 * 3600, SECOND, line);
	assert_true(series.count <= SERIES_POINTS);
	assert_true(series.count >= SERIES_POINTS / 2);
	assert_int_equal(series.first_ns, 1000 * SECOND);
	assert_int_equal(series.last_ns, (1000 + 5 * 3600 - 1) * SECOND);
	assert_true(series.min == 100 && series.last == series.max);
	assert_true(series.last == 100 + 2 * (5 * 3600 - 1));
	/* A step has the extremes of its samples, and steps are contiguous. */
	for (size_t i = 0; i + 1 < series.count; i++) {
		assert_true(series.points[i].least <= series.points[i].most);
		assert_true(series.points[i].most < series.points[i + 1].least);
	}
}

static void extremes_stay(void **state)
{
	size_t seen = 0;

	fill(50000, SECOND, spike);
	assert_true(series.max == 1e6 && series.min == 10);
	for (size_t i = 0; i < series.count; i++)
		seen += series.points[i].most == 1e6f;
	assert_int_equal(seen, 1);
}

static void odd_values(void **state)
{
	series_init(&series);
	series_push(&series, 10 * SECOND, NAN);
	series_push(&series, 10 * SECOND, INFINITY);
	assert_int_equal(series.count, 0);
	series_push(&series, 10 * SECOND, 1);
	series_push(&series, 10 * SECOND, 5);
	assert_int_equal(series.count, 1);
	assert_true(series.points[0].least == 1 && series.points[0].most == 5);
	/* Very far in the future: still bounded. */
	series_push(&series, INT64_MAX / 2, 2);
	assert_true(series.count <= SERIES_POINTS);
	assert_true(series.last == 2 && series.max == 5);
	/* Back in time, as in a recording: it starts over. */
	series_push(&series, 3 * SECOND, 9);
	assert_int_equal(series.count, 1);
	assert_true(series.min == 9 && series.first_ns == 3 * SECOND);
}

static void gaps(void **state)
{
	struct series_point points[10];

	series_init(&series);
	series_push(&series, 0, 1);
	series_push(&series, 9 * SECOND, 3);
	assert_int_equal(series_resample(&series, 0, 10 * SECOND, points, 10), 10);
	for (size_t i = 0; i < 9; i++)
		assert_true(points[i].last == 1);
	assert_true(points[9].last == 3);
	/* Before the first value nothing is known. */
	assert_int_equal(series_resample(&series, -10 * SECOND, 10 * SECOND, points, 10),
			 5);
	assert_true(isnan(points[4].last) && points[5].last == 1);
	assert_int_equal(series_resample(&series, 0, 0, points, 0), 0);
}

static void resample_keeps_extremes(void **state)
{
	struct series_point points[16];
	float most = 0;

	fill(50000, SECOND, spike);
	series_resample(&series, series.first_ns, series.last_ns, points, COUNT(points));
	for (size_t i = 0; i < COUNT(points); i++)
		most = fmaxf(most, points[i].most);
	assert_true(most == 1e6f);
}

static void trends(void **state)
{
	struct series_trend trend;

	fill(600, SECOND, line);
	assert_true(series_trend(&series, 0, &trend));
	assert_true(trend.clear && fabs(trend.per_second - 2) < 0.1);
	fill(600, SECOND, flat);
	assert_true(series_trend(&series, 0, &trend));
	assert_true(!trend.clear && trend.per_second == 0);
	fill(600, SECOND, saw);
	assert_false(series_trend(&series, 0, &trend) && trend.clear);
	fill(600, SECOND, noise);
	assert_false(series_trend(&series, 0, &trend) && trend.clear);
	/* Too short to say. */
	fill(36, SECOND / 4, line);
	assert_false(series_trend(&series, 0, &trend) && trend.clear);
	/* Only the end of it. */
	fill(600, SECOND, line);
	for (int i = 0; i < 300; i++)
		series_push(&series, series.last_ns + SECOND, series.last);
	assert_true(series_trend(&series, 60 * SECOND, &trend));
	assert_false(trend.clear);
}

static void reaches(void **state)
{
	int64_t left_ns;

	fill(600, SECOND, line); /* 2 each second */
	left_ns = series_reaches_ns(&series, series.last + 7200);
	assert_in_range(left_ns, 3400 * SECOND, 3800 * SECOND);
	assert_int_equal(series_reaches_ns(&series, series.last - 10), -1);
	assert_int_equal(series_reaches_ns(&series, 1e30), -1);
	fill(600, SECOND, noise);
	assert_int_equal(series_reaches_ns(&series, 1000), -1);
}

static double dent(size_t i)
{
	return i == 300 ? 999 : 1000;
}

static void sparks(void **state)
{
	char out[GRAPH_LINE_MAX];
	struct graph_scale scale;

	fill(600, SECOND, line);
	graph_spark(&series, 0, 8, true, &scale, out, sizeof(out));
	assert_int_equal(strlen(out), 8);
	assert_true(out[0] == '.' && out[7] == '#');
	assert_true(scale.least == series.min && scale.most == series.max);
	assert_int_equal(scale.span_ns, 599 * SECOND);
	/* Only the last part of the time, and its extremes. */
	graph_spark(&series, 60 * SECOND, 8, false, &scale, out, sizeof(out));
	assert_int_equal(strlen(out), 8 * 3);
	assert_memory_equal(out + 21, "\u2587", 3);
	assert_int_equal(scale.span_ns, 60 * SECOND);
	assert_true(scale.least > series.min && scale.most == series.max);
	/* What is flat looks flat, and so does a change of 1 in 1,000. */
	fill(600, SECOND, flat);
	assert_string_equal(graph_spark(&series, 0, 4, true, &scale, out, sizeof(out)),
			    "####");
	assert_true(scale.least == scale.most);
	fill(600, SECOND, dent);
	graph_spark(&series, 0, 12, true, &scale, out, sizeof(out));
	assert_string_equal(out, "############");
	assert_true(scale.least == 999 && scale.most == 1000);
	/* No room: as much as fits, and whole characters. */
	graph_spark(&series, 0, 100, false, &scale, out, 11);
	assert_int_equal(strlen(out) % 3, 0);
	series_init(&series);
	assert_string_equal(graph_spark(&series, 0, 8, true, &scale, out, sizeof(out)),
			    "");
}

static struct graph graph_of(graph_format format, bool binary)
{
	return (struct graph){.series = &series,
			      .format = format,
			      .binary = binary,
			      .from_ns = series.first_ns,
			      .to_ns = series.last_ns};
}

static void plots(void **state)
{
	char out[GRAPH_LINE_MAX];
	struct graph graph;

	fill(601, SECOND, line); /* 100 to 1300 in ten minutes */
	graph = graph_of(graph_format_count, false);
	graph_line(&graph, 40, 9, 0, true, out, sizeof(out));
	assert_string_equal(out, "1,500 +                                 ");
	graph_line(&graph, 40, 9, 7, true, out, sizeof(out));
	assert_contains(out, "    0 +");
	graph_line(&graph, 40, 9, 8, true, out, sizeof(out));
	assert_contains(out, "-10m00s");
	assert_contains(out, "now");
	assert_int_equal(strlen(out), 40);
	graph_line(&graph, 60, 9, 8, true, out, sizeof(out));
	assert_contains(out, "-5m00s");
	/* Its line rises from the left below to the right above. */
	graph_line(&graph, 40, 9, 6, true, out, sizeof(out));
	assert_true(strcspn(out + 7, ".':") < 8);
	graph_line(&graph, 40, 9, 1, true, out, sizeof(out));
	assert_true(strcspn(out + 7, ".':") > 20);
	graph_line(&graph, 40, 9, 1, false, out, sizeof(out));
	assert_contains(out, "\u2502");
	assert_true(strstr(out, "\xe2\xa0") || strstr(out, "\xe2\xa1") ||
		    strstr(out, "\xe2\xa2") || strstr(out, "\xe2\xa3"));
	/* Too small, or nothing there: nothing is drawn. */
	graph_line(&graph, 10, 9, 0, true, out, sizeof(out));
	assert_string_equal(out, "");
	graph_line(&graph, 40, 2, 0, true, out, sizeof(out));
	assert_string_equal(out, "");
	graph_line(&graph, 10000, 10000, 3, false, out, sizeof(out));
	series_init(&series);
	graph_line(&graph, 40, 9, 0, true, out, sizeof(out));
	assert_string_equal(out, "");
}

/* Counts of equal steps of time: even between them, or at once when it is known. */
static void counts_as_a_series(void **state)
{
	static const uint32_t list[] = {10, 10, 26, 26, 42};
	int64_t jumps_ns[] = {25 * SECOND, 41 * SECOND};
	struct series_counts counts = {
		.step_ns = 10 * SECOND, .last_ns = 48 * SECOND, .list = list, .count = 5};
	struct series_point points[48];

	(void)state;
	series_of_counts(&series, &counts);
	assert_true(series.last == 42 && series.min == 10 && series.max == 42);
	series_resample(&series, 0, 48 * SECOND, points, 48);
	assert_true(points[18].last == 10 && points[47].last == 42);
	assert_true(points[22].last > 10 && points[26].last > points[22].last);
	counts.jumps_ns = jumps_ns;
	counts.nr_jumps = 2;
	series_of_counts(&series, &counts);
	series_resample(&series, 0, 48 * SECOND, points, 48);
	assert_true(points[22].last == 10 && points[27].last == 26);
	assert_true(points[38].last == 26 && points[43].last == 42);
	counts.count = SERIES_COUNTS + 1;
	series_of_counts(&series, &counts);
	assert_int_equal(series.count, 0);
}

static void limit_line(void **state)
{
	char out[GRAPH_LINE_MAX];
	struct graph graph;

	fill(601, SECOND, line);
	graph = graph_of(graph_format_count, false);
	graph.limit = 1500; /* near: it is on the scale */
	graph_line(&graph, 40, 9, 0, true, out, sizeof(out));
	assert_string_equal(out, "1,500 +---------------------------------");
	graph.limit = 100000; /* far away, which would make everything else flat */
	graph_line(&graph, 40, 9, 0, true, out, sizeof(out));
	assert_string_equal(out, "1,500 +                                 ");
}

static double huge(size_t i)
{
	return i % 2 ? 1e300 : -1e300;
}

static double great(size_t i)
{
	return 9.99e29 + 1e14 * (double)i;
}

static void hostile_values(void **state)
{
	double (*const values[])(size_t) = {huge, great};
	char out[GRAPH_LINE_MAX];
	struct graph_scale scale;
	struct graph graph;

	for (size_t i = 0; i < COUNT(values); i++) {
		fill(300, SECOND, values[i]);
		assert_int_equal(series.count == 0, i == 0);
		graph = graph_of(i ? graph_format_count : graph_format_bytes, i == 0);
		for (int row = 0; row < 9; row++)
			graph_line(&graph, 60, 9, row, false, out, sizeof(out));
		graph_spark(&series, 0, 10, true, &scale, out, sizeof(out));
	}
}

static void labels(void **state)
{
	char out[GRAPH_LABEL_MAX];

	assert_string_equal(graph_format_count(0, out), "0");
	assert_string_equal(graph_format_count(1012, out), "1,012");
	assert_string_equal(graph_format_count(1234567, out), "1,234,567");
	assert_string_equal(graph_format_count(0.25, out), "0.2");
	assert_string_equal(graph_format_bytes(16 << 20, out), "16M");
	assert_string_equal(graph_format_percent(5, out), "5.0%");
	assert_string_equal(graph_format_percent(150, out), "150%");
}

/* A session: figures of each sample, a copy in the snapshot, and when a limit is
 * reached. */
static void figures_of_samples(void **state)
{
	static struct figures figures;
	struct snapshot *snapshot = NULL;

	figures_init(&figures);
	for (int i = 0; i < 120; i++) {
		snapshot_unref(snapshot);
		snapshot = snapshot_new();
		assert_non_null(snapshot);
		snapshot->mono_ns = (100 + i) * SECOND;
		snapshot->resources.fds = 10 + i;
		snapshot->resources.limits[LIMIT_FDS] = (struct limit){10 + i, 189};
		figures_update(&figures, snapshot);
	}
	assert_non_null(snapshot->figures);
	assert_true(snapshot->figures->series[FIGURE_FDS].last == 129);
	assert_int_equal(snapshot->figures->series[FIGURE_RSS].count, 0);
	/* 60 are left at one a second. */
	assert_in_range(figures_reach_ns(snapshot, LIMIT_FDS), 55 * SECOND, 65 * SECOND);
	assert_int_equal(figures_reach_ns(snapshot, LIMIT_MEMORY), -1);
	snapshot_unref(snapshot);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_value),
		cmocka_unit_test(hours_fit),
		cmocka_unit_test(extremes_stay),
		cmocka_unit_test(odd_values),
		cmocka_unit_test(gaps),
		cmocka_unit_test(resample_keeps_extremes),
		cmocka_unit_test(trends),
		cmocka_unit_test(reaches),
		cmocka_unit_test(sparks),
		cmocka_unit_test(plots),
		cmocka_unit_test(counts_as_a_series),
		cmocka_unit_test(limit_line),
		cmocka_unit_test(hostile_values),
		cmocka_unit_test(labels),
		cmocka_unit_test(figures_of_samples),
	};

	return cmocka_run_group_tests_name("series", tests, NULL, NULL);
}
