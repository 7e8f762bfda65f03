/* SPDX-License-Identifier: MIT */
/* Figures that rise in steps, and those that do not; steps drawn into a plot. */
#include "unit.h"

#include "core/steps.h"
#include "tui/graph.h"

static struct series series;
static struct steps steps;

/* value(second), each second from 0 on. */
static void fill(int seconds, double (*value)(int second))
{
	series_init(&series);
	for (int i = 0; i < seconds; i++)
		series_push(&series, 1000 * SECOND + i * SECOND, value(i));
}

static double every_30(int second)
{
	return 100 + 16 * (second / 30);
}

static double every_30_with_noise(int second)
{
	return 1000 + 160 * (second / 30) + second % 2;
}

/* Cleaned up a little between. */
static double every_30_and_back(int second)
{
	return 100 + 16 * (second / 30) - (second % 30 > 20 ? 2 : 0);
}

static double slope(int second)
{
	return 100 + second;
}

static double saw(int second)
{
	return 16 * (second / 10 % 4);
}

static double three_steps(int second)
{
	return second < 240 ? 16 * (second / 60) : 48;
}

static double uneven(int second)
{
	static const int times[] = {10, 25, 80, 90, 150, 230};
	double value = 0;

	for (size_t i = 0; i < COUNT(times); i++)
		value += second >= times[i] ? 16 : 0;
	return value;
}

static double flat(int second)
{
	return 5 + 0 * second;
}

static void regular_steps(void **state)
{
	(void)state;
	fill(240, every_30);
	assert_true(steps_find(&series, &steps));
	assert_int_equal(steps.count, 7);
	assert_true(steps.size == 16);
	assert_true(llabs(steps.period_ns - 30 * SECOND) < 2 * SECOND);
	for (size_t i = 0; i < steps.count; i++)
		assert_true(llabs(steps.times_ns[i] -
				  (1000 + 30 * ((int64_t)i + 1)) * SECOND) <= 2 * SECOND);
	fill(240, every_30_with_noise);
	assert_true(steps_find(&series, &steps));
	assert_true(steps.size > 140 && steps.size < 180);
	fill(240, every_30_and_back);
	assert_true(steps_find(&series, &steps));
	assert_int_equal(steps.count, 7);
}

static void no_steps(void **state)
{
	static double (*const values[])(int) = {slope, saw, three_steps, uneven, flat};

	(void)state;
	for (size_t i = 0; i < COUNT(values); i++) {
		fill(300, values[i]);
		if (steps_find(&series, &steps))
			fail_msg("case %zu has steps", i);
		assert_int_equal(steps.count, 0);
	}
	series_init(&series);
	assert_false(steps_find(&series, &steps));
}

/* Columns of a plot that a line of steps goes through. */
static int columns_with(const char *sign, int row, bool ascii)
{
	struct graph graph = {.series = &series,
			      .format = graph_format_count,
			      .from_ns = series.first_ns,
			      .to_ns = series.last_ns,
			      .steps_ns = steps.times_ns,
			      .nr_steps = steps.count};
	char line[GRAPH_LINE_MAX];
	int count = 0;

	graph_line(&graph, 100, 12, row, ascii, line, sizeof(line));
	for (const char *at = line; (at = strstr(at, sign)); at++)
		count++;
	return count;
}

static void steps_are_drawn(void **state)
{
	(void)state;
	fill(240, every_30);
	assert_true(steps_find(&series, &steps));
	/* Bars from the line to the axis: all of them reach it, none starts above. */
	assert_in_range(columns_with("\u250a", 10, false), 5, 8);
	assert_in_range(columns_with("!", 10, true), 5, 8);
	assert_in_range(columns_with("\u250a", 5, false), 2, 4);
	assert_int_equal(columns_with("\u250a", 0, false), 0);
	/* Too many to tell apart: on the last row alone. */
	for (size_t i = 0; i < STEPS_MAX; i++)
		steps.times_ns[i] = series.first_ns + (int64_t)i * 3000000000;
	steps.count = STEPS_MAX;
	assert_int_equal(columns_with("\u250a", 9, false), 0);
	assert_true(columns_with("\u250a", 10, false) > 20);
	steps.count = 0;
	assert_int_equal(columns_with("\u250a", 10, false), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(regular_steps),
		cmocka_unit_test(no_steps),
		cmocka_unit_test(steps_are_drawn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
