/* SPDX-License-Identifier: MIT */
/* Which groups of timers are called a leak. */
#include "unit.h"

#include <string.h>

#include "core/group.h"
#include "core/timer_trend.h"

static struct timer_trends *trends;
static struct snapshot *snapshot;
static struct timers timers;
static uint64_t word;

static int setup(void **state)
{
	(void)state;
	trends = timer_trends_new();
	memset(&timers, 0, sizeof(timers));
	word = 88172645463325252ull;
	return trends ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	snapshot_unref(snapshot);
	snapshot = NULL;
	timer_trends_free(trends);
	return 0;
}

static uint32_t chance(uint32_t below)
{
	word ^= word << 13;
	word ^= word >> 7;
	word ^= word << 17;
	return (uint32_t)(word >> 32) % below;
}

static void set_group(size_t at, const char *callback, const char *function,
		      int64_t period_ns, uint32_t count)
{
	timers.groups[at] = (struct timer_group){.callback = callback,
						 .function = function,
						 .period_ns = period_ns,
						 .count = count,
						 .stayed = count};
}

/* Takes the groups as read at this time. Returns them with their verdicts. */
static const struct timers *read_at(int64_t time_ns, int64_t read_ns)
{
	snapshot_unref(snapshot);
	snapshot = snapshot_new();
	assert_non_null(snapshot);
	snapshot->mono_ns = time_ns;
	snapshot->real_ns = time_ns;
	timers.read_ns = read_ns;
	snapshot->timers = &timers;
	timer_trends_update(trends, snapshot, TREND_LEAST_NS);
	assert_ptr_not_equal(snapshot->timers, &timers);
	return snapshot->timers;
}

/* Timers of channels that a task waits for grow with the tasks, which are judged. They do
 * not count as stayed, and since Go 1.23 there are no others. */
static void test_owned(void **state)
{
	const struct timers *now = NULL;

	(void)state;
	timers.nr_groups = 2;
	for (int waited = 0; waited < 2; waited++) {
		timer_trends_reset(trends);
		timers.waited = waited;
		for (int i = 1; i <= 180; i++) {
			set_group(0, "time.sendTime", "", 5 * SECOND, 100 + (uint32_t)i);
			if (!waited)
				timers.groups[0].stayed = 3;
			set_group(1, "time.goFunc", "main.ping", 0, 100 + (uint32_t)i);
			now = read_at(i * SECOND, i * SECOND);
		}
		assert_int_equal(now->groups[0].verdict, VERDICT_NONE);
		assert_null(now->groups[0].evidence);
		assert_int_equal(now->groups[1].verdict, VERDICT_LEAK);
	}
}

static void test_leak(void **state)
{
	const struct timers *now = NULL;

	(void)state;
	timers.nr_groups = 3;
	for (int i = 1; i <= 180; i++) {
		set_group(0, "time.sendTime", "", 5 * SECOND, 100 + (uint32_t)i);
		set_group(1, "time.goFunc", "main.ping", 0, 40 + chance(20));
		set_group(2, "runtime.goroutineReady", "", 0, 10 + (uint32_t)i);
		now = read_at(i * SECOND, i * SECOND);
		/* It is too early to say so. */
		if (i < 50)
			assert_int_equal(timers_leaks(now, VERDICT_LEAK), 0);
	}
	assert_int_equal(now->groups[0].verdict, VERDICT_LEAK);
	assert_non_null(strstr(now->groups[0].evidence, ": +60 a minute."));
	assert_in_range((int64_t)now->groups[0].per_minute, 55, 65);
	assert_true(now->groups[0].nr_spark > 10);
	/* One that only goes up and down, and sleeps, which belong to goroutines. */
	assert_null(now->groups[1].evidence);
	assert_null(now->groups[2].evidence);
	assert_int_equal(timers_leaks(now, VERDICT_LEAK), 1);
	/* It does not grow any more. */
	for (int i = 181; i <= 900; i++)
		now = read_at(i * SECOND, i * SECOND);
	assert_int_equal(timers_leaks(now, VERDICT_RECHECK), 0);
}

/* A group that appears later, and one whose position changes. */
static void test_late(void **state)
{
	const struct timers *now = NULL;

	(void)state;
	for (int i = 1; i <= 300; i++) {
		size_t late = i > 120;

		timers.nr_groups = 1 + late;
		if (late)
			set_group(0, "time.goFunc", "main.expire", 0,
				  (uint32_t)(i - 120) * 3);
		set_group(late, "time.goFunc", "main.ping", 0, 30);
		now = read_at(i * SECOND, i * SECOND);
	}
	assert_int_equal(now->groups[0].verdict, VERDICT_LEAK);
	assert_null(now->groups[1].evidence);
}

/* Samples between two readings have the same values and do not count. */
static void test_readings(void **state)
{
	const struct timers *now = NULL;

	(void)state;
	timers.nr_groups = 1;
	for (int i = 0; i < 600; i++) {
		int64_t read_ns = (i / 10 * 10 + 1) * SECOND;

		set_group(0, "time.sendTime", "", SECOND, 5000 + (uint32_t)(i / 10) * 10);
		now = read_at((i + 1) * SECOND, read_ns);
	}
	assert_int_equal(now->groups[0].verdict, VERDICT_LEAK);
	assert_null(strstr(now->groups[0].evidence, "in steps"));
	/* If not all were read, nothing is judged. */
	timers.partial = true;
	now = read_at(700 * SECOND, 700 * SECOND);
	assert_null(now->groups[0].evidence);
}

/* There are more kinds than are followed: no more memory is used, and nothing breaks. */
static void test_many(void **state)
{
	static char names[200][8];

	(void)state;
	timers.nr_groups = TIMER_GROUPS_MAX;
	for (int i = 0; i < 200; i++)
		snprintf(names[i], sizeof(names[i]), "f%d", i);
	for (int i = 1; i <= 200; i++) {
		for (size_t k = 0; k < TIMER_GROUPS_MAX; k++)
			set_group(k, "time.goFunc", names[chance(200)], 0, chance(100));
		read_at(i * SECOND, i * SECOND);
	}
	/* An older reading is of another target. */
	read_at(SECOND, SECOND);
	assert_int_equal(timers_leaks(snapshot->timers, VERDICT_RECHECK), 0);
}

/* A leak of tasks in a method of net/http.(*persistConn), and timers of one that leak. */
static uint64_t lead_of(const char *callback, const char *function, double per_minute,
			enum verdict of_tasks)
{
	static struct {
		struct stack stack;
		struct frame frames[1];
	} stack = {{.nr_frames = 1}, {{.function = "net/http.(*persistConn).readLoop"}}};
	struct leak leak = {.serial = 7,
			    .stack = &stack.stack,
			    .finding = {.verdict = of_tasks, .per_second = 1.5}};
	struct groups groups = {.leaks = &leak, .nr_leaks = 1};

	snapshot_unref(snapshot);
	snapshot = snapshot_new();
	assert_non_null(snapshot);
	timers.nr_groups = 1;
	set_group(0, callback, function, 0, 100);
	timers.groups[0].per_minute = per_minute;
	timers.groups[0].verdict = VERDICT_LEAK;
	timers.groups[0].evidence = "From 1 to 100.";
	timers_join(&timers, &groups, snapshot);
	assert_int_equal(timers_leaks(&timers, VERDICT_LEAK), !timers.groups[0].lead);
	assert_int_equal(timers.groups[0].lead != 0,
			 strstr(timers.groups[0].evidence, "readLoop") != NULL);
	return timers.groups[0].lead;
}

/* Timers of an object whose tasks leak are a part of that leak, others are their own. */
static void test_join(void **state)
{
	const char *method = "net/http.(*persistConn).closeConnIfStillIdle";

	(void)state;
	assert_int_equal(lead_of("time.goFunc", method, 90, VERDICT_LEAK), 7);
	assert_int_equal(lead_of(method, "", 100, VERDICT_LEAK), 7);
	assert_int_equal(lead_of("time.goFunc", method, 200, VERDICT_LEAK), 0);
	assert_int_equal(lead_of("time.goFunc", method, 40, VERDICT_LEAK), 0);
	assert_int_equal(lead_of("time.goFunc", method, 90, VERDICT_RECHECK), 0);
	assert_int_equal(lead_of("time.goFunc", "net/http.(*persistConnection).close", 90,
				 VERDICT_LEAK),
			 0);
	assert_int_equal(lead_of("time.goFunc", "main.poll", 90, VERDICT_LEAK), 0);
	assert_int_equal(lead_of("time.goFunc", "main.(*", 90, VERDICT_LEAK), 0);
	assert_int_equal(lead_of("time.sendTime", "", 90, VERDICT_LEAK), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_leak, setup, teardown),
		cmocka_unit_test_setup_teardown(test_owned, setup, teardown),
		cmocka_unit_test_setup_teardown(test_late, setup, teardown),
		cmocka_unit_test_setup_teardown(test_readings, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many, setup, teardown),
		cmocka_unit_test_setup_teardown(test_join, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
