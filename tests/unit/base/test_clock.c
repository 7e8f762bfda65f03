/* SPDX-License-Identifier: MIT */
/* base/clock: durations, at every border and beyond. */
#include "unit.h"

#include <unistd.h>

#include "base/clock.h"

static void durations_are_read_exactly(void **state)
{
	static const struct {
		const char *text;
		int64_t ns;
	} cases[] = {
		{"500ms", 500000000},
		{"10s", 10 * SECOND},
		{"1.5m", 90 * SECOND},
		{"2h", 7200 * SECOND},
		{"3d", 259200 * SECOND},
		{"1h30m", 5400 * SECOND},
		{"1h30m15.25s", 5415 * SECOND + 250000000},
		{"7", 7 * SECOND},
		{"0.25", 250000000},
		{".5s", 500000000},
		{"0", 0},
		{"1ns", 1},
		{"2us", 2000},
		{"0.000000001s", 1},
		{"0.0000000009s", 0},
		{"0.123456789123456789s", 123456789},
		{"0.1d", 8640 * SECOND},
		{"9223372036s", 9223372036 * SECOND},
		{"9223372036854775807ns", INT64_MAX},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err e;
		int64_t ns = -1;

		if (clock_parse_duration(cases[i].text, &ns, &e) != 0)
			fail_msg("%s: %s", cases[i].text, e.text);
		if (ns != cases[i].ns)
			fail_msg("%s: %lld", cases[i].text, (long long)ns);
	}
}

static void sums_stay_numbers(void **state)
{
	assert_int_equal(clock_add(1, 2), 3);
	assert_int_equal(clock_add(INT64_MAX, 1), INT64_MAX);
	assert_int_equal(clock_add(1, INT64_MAX), INT64_MAX);
	assert_int_equal(clock_add(INT64_MIN, -1), INT64_MIN);
	assert_int_equal(clock_add(INT64_MIN, INT64_MAX), -1);
}

static void timespecs_become_nanoseconds_and_back(void **state)
{
	const int64_t ns = 7 * CLOCK_SECOND_NS + 12345;

	(void)state;
	assert_int_equal(clock_from_timespec((struct timespec){7, 12345}), ns);
	assert_true(
		clock_same_timespec(clock_to_timespec(ns), (struct timespec){7, 12345}));
	assert_false(
		clock_same_timespec((struct timespec){7, 1}, (struct timespec){7, 2}));
	assert_false(
		clock_same_timespec((struct timespec){7, 1}, (struct timespec){8, 1}));
	/* The modification time of a file may be anything. */
	assert_int_equal(clock_from_timespec((struct timespec){INT64_MAX, 0}), INT64_MAX);
	assert_int_equal(clock_from_timespec((struct timespec){INT64_MIN, 0}), INT64_MIN);
	assert_int_equal(
		clock_from_timespec((struct timespec){INT64_MAX / 1000000000, 999999999}),
		INT64_MAX);
}

static void clocks_are_read(void **state)
{
	int64_t before_ns = clock_mono_ns(), used_ns = clock_process_cpu_ns(getpid());

	(void)state;
	clock_sleep_ns(CLOCK_MS_NS);
	assert_true(clock_mono_ns() - before_ns >= CLOCK_MS_NS);
	assert_true(clock_read_ns(CLOCK_BOOTTIME) >= before_ns);
	while (clock_process_cpu_ns(getpid()) == used_ns)
		;
	assert_true(clock_process_cpu_ns(getpid()) > used_ns);
	assert_int_equal(clock_read_ns((clockid_t)15), 0);
	/* No pid is larger than 1 << 22. */
	assert_int_equal(clock_process_cpu_ns((1 << 22) + 1), 0);
}

static void bad_durations_say_where(void **state)
{
	static const struct {
		const char *text;
		int at;
		const char *part;
	} cases[] = {
		{"", 0, "bad duration"},
		{"s", 0, "bad duration"},
		{"-1s", 0, "bad duration"},
		{"+1s", 0, "bad duration"},
		{" 1s", 0, "bad duration"},
		{"1s ", 2, "bad duration"},
		{"10 s", 0, "bad duration"},
		{"10x", 0, "bad duration"},
		{"1h30", 2, "bad duration"},
		{".", 0, "bad duration"},
		{"1.2.3s", 0, "bad duration"},
		{"0x10", 0, "bad duration"},
		{"1e3s", 0, "bad duration"},
		{"10S", 0, "bad duration"},
		{"9223372037s", 0, "too long"},
		{"9223372036854775808ns", 0, "too long"},
		{"99999999999999999999999", 0, "too long"},
		{"9223372036s1s", 11, "too long"},
		{"106752d", 0, "too long"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err e;
		int64_t ns = 4711;

		if (clock_parse_duration(cases[i].text, &ns, &e) != ERR_USAGE)
			fail_msg("'%s' was accepted", cases[i].text);
		if (e.at != cases[i].at)
			fail_msg("'%s': at %d", cases[i].text, e.at);
		assert_contains(e.text, cases[i].part);
		assert_int_equal(ns, 4711);
	}
}

static void durations_are_written(void **state)
{
	static const struct {
		int64_t ns;
		const char *text;
	} cases[] = {
		{-5, "0ms"},
		{INT64_MIN, "0ms"},
		{0, "0ms"},
		{999999, "0ms"},
		{1000000, "1ms"},
		{999999999, "999ms"},
		{SECOND, "1.0s"},
		{SECOND + 99999999, "1.0s"},
		{SECOND + 100000000, "1.1s"},
		{60 * SECOND - 1, "59.9s"},
		{60 * SECOND, "1m00s"},
		{3600 * SECOND - 1, "59m59s"},
		{3600 * SECOND, "1h00m"},
		{86400 * SECOND - 1, "23h59m"},
		{86400 * SECOND, "1d00h"},
		{(999 * 86400 + 23 * 3600) * SECOND, "999d23h"},
		{1000 * 86400 * SECOND, "999d23h"},
		{INT64_MAX, "999d23h"},
	};
	char out[CLOCK_DURATION_MAX];

	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_string_equal(clock_format_duration(cases[i].ns, out),
				    cases[i].text);
		assert_true(strlen(out) <= 7);
	}
}

static void times_are_written(void **state)
{
	char out[CLOCK_ISO_MAX];

	assert_string_equal(clock_format_iso(0, out), "1970-01-01T00:00:00.000Z");
	assert_string_equal(clock_format_iso(1795255200123999999, out),
			    "2026-11-21T10:00:00.123Z");
	assert_string_equal(clock_format_iso(-1, out), "1969-12-31T23:59:59.999Z");
	assert_int_equal(strlen(clock_format_iso(INT64_MAX, out)), 24);
	assert_int_equal(strlen(clock_format_iso(INT64_MIN, out)), 24);
}

static void clocks_run(void **state)
{
	int64_t before = clock_mono_ns();

	assert_true(before > 0);
	assert_true(clock_mono_ns() >= before);
	assert_true(clock_real_ns() > 1700000000 * SECOND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_are_read_exactly),
		cmocka_unit_test(sums_stay_numbers),
		cmocka_unit_test(timespecs_become_nanoseconds_and_back),
		cmocka_unit_test(clocks_are_read),
		cmocka_unit_test(bad_durations_say_where),
		cmocka_unit_test(durations_are_written),
		cmocka_unit_test(times_are_written),
		cmocka_unit_test(clocks_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
