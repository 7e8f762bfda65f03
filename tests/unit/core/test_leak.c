/* SPDX-License-Identifier: MIT */
/*
 * Tests the leak verdict on simulated populations: every case that is a leak and every
 * case that only looks like one, by name, over several seeds. Ends with a table of
 * precision and recall. GRMON_SEEDS=N sets the number of seeds; see `make verdicts`.
 */
#include "leak_world.h"

/* Leaks. */

static void slow_climb(struct world *w)
{
	arrive_many(w, of_rate(w, 1), FOREVER, 0);
}

static void slowest_climb(struct world *w)
{
	if (every(w, 600))
		arrive(w, FOREVER, 0);
}

static void steps(struct world *w)
{
	if (every(w, 30))
		arrive_many(w, 16, FOREVER, 0);
}

static void steps_on_a_base(struct world *w)
{
	if (at(w, 0))
		arrive_many(w, 2000, FOREVER, 0);
	steps(w);
}

/* Connections that last minutes. */
static void churn(struct world *w)
{
	for (int i = of_rate(w, 0.1); i > 0; i--)
		arrive(w, 60 + 240 * chance(w), 0);
}

static void steps_every_hour(struct world *w)
{
	churn(w);
	if (every(w, HOUR))
		arrive_many(w, 16, FOREVER, 0);
}

static void leak_with_churn(struct world *w)
{
	churn(w);
	if (every(w, 20))
		arrive(w, FOREVER, 0);
}

static void leak_under_traffic(struct world *w)
{
	for (int i = of_rate(w, 50); i > 0; i--)
		arrive(w, 0.5 + 2.5 * chance(w), 0);
	if (every(w, 5))
		arrive(w, FOREVER, 0);
}

static void restart(struct world *w)
{
	w->count = 0;
	w->next_id = 0;
	w->start_real_ns += (int64_t)(w->now * 1e9);
}

static void climbing_after_restart(struct world *w)
{
	if (at(w, 600))
		restart(w);
	arrive_many(w, of_rate(w, 0.5), FOREVER, 0);
}

static void begins_late(struct world *w)
{
	if (at(w, 0))
		arrive_many(w, 64, FOREVER, 0);
	if (w->now > 3 * HOUR && every(w, 10))
		arrive(w, FOREVER, 0);
}

static void in_bursts(struct world *w)
{
	if (chance(w) < (w->now - w->before) / 25)
		arrive_many(w, 1 + (int)(11 * chance(w)), FOREVER, 0);
}

/* 0 at midnight, 1 at noon. */
static double tide(const struct world *w)
{
	double day = w->now / DAY - (double)(long)(w->now / DAY);

	return day < 0.5 ? 2 * day : 2 - 2 * day;
}

static void day_and_night(struct world *w)
{
	for (int i = of_rate(w, 0.02 + 0.05 * tide(w)); i > 0; i--)
		arrive(w, 1800 + 1800 * chance(w), 0);
}

static void leak_on_a_diurnal_load(struct world *w)
{
	day_and_night(w);
	if (every(w, 300))
		arrive(w, FOREVER, 0);
}

static void faster_and_faster(struct world *w)
{
	arrive_many(w, of_rate(w, w->now / 300), FOREVER, 0);
}

static void some_end(struct world *w)
{
	for (int i = of_rate(w, 1); i > 0; i--)
		arrive(w, chance(w) < 0.25 ? 40 : FOREVER, 0);
}

static void loops_with_a_timeout(struct world *w)
{
	if (every(w, 2))
		arrive(w, FOREVER, 0)->restless = true;
}

static void beside_traffic(struct world *w)
{
	for (int i = of_rate(w, 20); i > 0; i--)
		arrive(w, 1, 2);
	if (every(w, 3))
		arrive(w, FOREVER, 4);
}

static void samples_that_pause(struct world *w)
{
	if (at(w, 300))
		w->now += 900;
	arrive_many(w, of_rate(w, 0.2), FOREVER, 0);
}

static void stop_often(struct world *w)
{
	w->stopped = w->now - 60 * (double)(long)(w->now / 60) > 45;
}

static void leak_often_stopped(struct world *w)
{
	stop_often(w);
	if (!w->stopped)
		arrive_many(w, of_rate(w, 1), FOREVER, 0);
}

/* Not leaks. */

static void warm_up_to(struct world *w, size_t most, double rate)
{
	if (population(w, 0) < most)
		arrive_many(w, of_rate(w, rate), FOREVER, 0);
}

static void warm_up(struct world *w)
{
	warm_up_to(w, 64, 1.6);
}

static void small_warm_up(struct world *w)
{
	warm_up_to(w, 16, 2);
}

static void slow_warm_up(struct world *w)
{
	double rest = 200 - (double)population(w, 0);

	if (rest > 0)
		arrive_many(w, of_rate(w, rest / 60 + 0.1), FOREVER, 0);
}

static void pool_that_doubles(struct world *w)
{
	size_t most = 4;

	for (double time = 100; time <= w->now && most < 64; time *= 1.7)
		most *= 2;
	while (population(w, 0) < most)
		arrive(w, FOREVER, 0);
}

static void one_jump(struct world *w)
{
	if (at(w, 0))
		arrive_many(w, 20, FOREVER, 0);
	if (at(w, 200))
		arrive_many(w, 300, FOREVER, 0);
}

static void saw(struct world *w, double tooth, double rate)
{
	arrive_many(w, of_rate(w, rate),
		    tooth - (w->now - tooth * (double)(long)(w->now / tooth)), 0);
}

static void sawtooth(struct world *w)
{
	saw(w, 45, 2);
}

static void slow_sawtooth(struct world *w)
{
	saw(w, 1200, 0.1);
}

static void hourly_batch(struct world *w)
{
	if (every(w, HOUR))
		arrive_many(w, 30, 3000, 0);
}

static void idle_pool(struct world *w)
{
	if (at(w, 0))
		arrive_many(w, 500, FOREVER, 0);
}

static void samples_that_pause_over_a_pool(struct world *w)
{
	idle_pool(w);
	if (at(w, 300))
		w->now += 900;
}

static void restarted_pool(struct world *w)
{
	if (every(w, 200))
		restart(w);
	warm_up_to(w, 30, 3);
}

static void flicker(struct world *w)
{
	if (at(w, 0))
		for (int i = 0; i < 100; i++)
			arrive(w, FOREVER, i % SITES)->restless = true;
	for (int i = of_rate(w, 3); i > 0; i--)
		arrive(w, 20 * chance(w), (int)(SITES * chance(w)));
}

static void stopped_target(struct world *w)
{
	if (w->now < 150)
		arrive_many(w, of_rate(w, 10), 4, 0);
	w->stopped = w->now >= 150;
	for (size_t i = 0; w->stopped && i < w->count; i++)
		w->units[i].dies = FOREVER;
}

static void often_stopped(struct world *w)
{
	stop_often(w);
	if (!w->stopped)
		arrive_many(w, of_rate(w, 10), 4, 0);
}

static void reused_ids(struct world *w)
{
	if (at(w, 0))
		arrive_many(w, 40, FOREVER, 0);
	for (size_t i = 0; i < w->count; i++)
		if (chance(w) < 0.1 * w->step)
			w->units[i].serial++;
}

/* A thread that serves a monitor, and the tasks that it starts for each sample. */
static void monitors_own(struct world *w)
{
	if (at(w, 0))
		arrive(w, FOREVER, 0);
	arrive_many(w, 2, 1.5 * w->step, 1);
}

static void more_and_more_traffic(struct world *w)
{
	for (int i = of_rate(w, 1 + w->now / 6); i > 0; i--)
		arrive(w, 0.5 + 2.5 * chance(w), 0);
}

static void retry_storm(struct world *w)
{
	if (at(w, 0))
		arrive_many(w, 10, FOREVER, 0);
	if (w->now > 60 && w->now < 160)
		for (int i = of_rate(w, 3); i > 0; i--)
			arrive(w, 400 + 100 * chance(w) - w->now, 0);
}

static void elastic_pool(struct world *w)
{
	while (population(w, 0) < 20)
		arrive(w, 30 + 300 * chance(w), 0);
	if (chance(w) < 0.3 * w->step && population(w, 0) < 60)
		arrive(w, 20 + 60 * chance(w), 0);
}

static void cleaned_up(struct world *w)
{
	if (w->now < 120)
		arrive_many(w, of_rate(w, 1), 300 - w->now, 0);
}

static void long_connections(struct world *w)
{
	for (int i = of_rate(w, 0.5); i > 0; i--)
		arrive(w, 240 * chance(w) + 60, 0);
}

static const struct scenario scenarios[] = {
	{"slow climb: one a second", slow_climb, 300, 1, 0, true, 0},
	{"slow climb: one in ten minutes, for a day", slowest_climb, DAY, 30, 0, true, 0},
	{"steps each 30 s", steps, 600, 1, 0, true, 0},
	{"steps each 30 s on a base of 2,000", steps_on_a_base, 900, 1, 0, true, 0},
	{"steps each hour, amid connections", steps_every_hour, 10 * HOUR, 15, 0, true,
	 0},
	{"leak on top of a diurnal load", leak_on_a_diurnal_load, 4 * DAY, 60, 0, true,
	 0},
	{"leak with churn of minutes", leak_with_churn, 5400, 2, 0, true, 0},
	{"leak with churn of 50 a second", leak_under_traffic, 600, 1, 0, true, 0},
	{"climbing after restart", climbing_after_restart, 800, 1, 0, true, 0},
	{"begins after three hours", begins_late, 3 * HOUR + 900, 5, 0, true, 0},
	{"in bursts, at odd times", in_bursts, 1200, 1, 0, true, 0},
	{"faster and faster", faster_and_faster, 300, 1, 0, true, 0},
	{"a quarter ends", some_end, 600, 1, 0, true, 0},
	{"loops with a timeout", loops_with_a_timeout, 400, 1, 0, true, 0},
	{"beside another site's traffic", beside_traffic, 400, 1, 0, true, 0},
	{"samples that pause", samples_that_pause, 1800, 1, 0, true, 0},
	{"leak, often stopped", leak_often_stopped, 400, 1, 0, true, 0},
	{"one a second, watched for 20 s", slow_climb, 20, 0.25, 10, true, 0},
	{"warm-up", warm_up, 600, 1, 0, false, 0},
	{"warm-up, slow", slow_warm_up, 1200, 1, 0, false, 0.2},
	{"warm-up, watched for 20 s", small_warm_up, 20, 0.25, 10, false, 0.1},
	{"warm-up by doubling", pool_that_doubles, 2400, 1, 0, false, 0},
	{"one jump then flat", one_jump, 900, 1, 0, false, 0},
	{"sawtooth", sawtooth, 600, 1, 0, false, 0},
	{"sawtooth, slow", slow_sawtooth, 5400, 1, 0, false, 0.3},
	{"sawtooth: an hourly batch", hourly_batch, 8 * HOUR, 15, 0, false, 0},
	{"day and night", day_and_night, 4 * DAY, 60, 0, false, 0.05},
	{"idle pools", idle_pool, 600, 1, 0, false, 0},
	{"idle pools, samples that pause", samples_that_pause_over_a_pool, 1800, 1, 0,
	 false, 0},
	{"idle pools, restarted", restarted_pool, 1200, 1, 0, false, 0},
	{"flicker", flicker, 600, 1, 0, false, 0.002},
	{"a stopped target", stopped_target, 600, 1, 0, false, 0},
	{"a stopped target, again and again", often_stopped, 900, 1, 0, false, 0},
	{"reused ids", reused_ids, 600, 1, 0, false, 0},
	{"the monitor's own threads", monitors_own, 600, 1, 0, false, 0},
	{"more and more traffic", more_and_more_traffic, 600, 1, 0, false, 0},
	{"retry storm", retry_storm, 600, 1, 0, false, 0.3},
	{"elastic pool", elastic_pool, 1200, 1, 0, false, 0.05},
	{"cleaned up", cleaned_up, 900, 1, 0, false, 0.15},
	{"long connections", long_connections, 1200, 1, 0, false, 0.2},
};

struct tally {
	int leaks, found, quiet, kept_quiet;
};

/* Returns false if a seed gives a wrong verdict. */
static bool run_case(const struct scenario *scenario, int seeds, struct tally *tally)
{
	double found = 0, alarms = 0;
	int right = 0, seen = 0;

	for (int seed = 0; seed < seeds; seed++) {
		struct world w;
		bool leak;

		world_init(&w, (uint64_t)seed, scenario->least);
		world_run(&w, scenario);
		leak = w.verdict == VERDICT_LEAK;
		right += leak == scenario->leak;
		if (w.found >= 0 && ++seen > 0)
			found += w.found;
		alarms += (double)w.alarms / w.looks / seeds;
		world_release(&w);
	}
	if (scenario->leak) {
		tally->leaks += seeds;
		tally->found += right;
		printf("# %-42s leak %4d of %d  found after %.0f s of %.0f\n",
		       scenario->name, right, seeds, seen ? found / seen : -1,
		       scenario->seconds);
		return right * 10 >= seeds * 9;
	}
	tally->quiet += seeds;
	tally->kept_quiet += right;
	printf("# %-42s none %4d of %d  looks with an alarm %.1f %%\n", scenario->name,
	       right, seeds, 100 * alarms);
	return right == seeds && alarms <= scenario->alarms;
}

static void every_case(void **state)
{
	const char *text = getenv("GRMON_SEEDS");
	int seeds = text && atoi(text) > 0 ? atoi(text) : SANITIZED ? 1 : 4;
	struct tally tally = {0};
	char wrong[2000] = "";

	printf("# %-42s what it is, right verdicts at the end\n", "case");
	for (size_t i = 0; i < COUNT(scenarios); i++)
		if (!run_case(&scenarios[i], seeds, &tally))
			snprintf(wrong + strlen(wrong), sizeof(wrong) - strlen(wrong),
				 " [%s]", scenarios[i].name);
	int said = tally.found + tally.quiet - tally.kept_quiet;

	printf("# precision %.3f (%d of %d verdicts are right), recall %.3f (%d of %d "
	       "leaks are found)\n",
	       (double)tally.found / said, tally.found, said,
	       (double)tally.found / tally.leaks, tally.found, tally.leaks);
	assert_true(tally.found * 100 >= tally.leaks * 98);
	if (wrong[0])
		fail_msg("wrong:%s", wrong);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
