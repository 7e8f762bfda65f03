/* SPDX-License-Identifier: MIT */
/*
 * The leak verdict on populations that are simulated look by look: every case that is one,
 * and every case that only looks like one. Ends with a table of precision and recall.
 */
#include "unit.h"

#include "base/intern.h"
#include "core/group.h"
#include "core/stack.h"

#define SITES     6
#define TASKS_MAX 20000u
#define FOREVER   1e12

struct unit {
	uint64_t id, serial;
	double dies;
	int site;
	bool restless; /* seen running, or in another wait, now and then */
};

struct world {
	struct grouping *grouping;
	struct intern *intern;
	struct stack_table *stacks;
	const struct stack *blocked[SITES], *creator[SITES];
	struct unit *units;
	size_t count;
	uint64_t next_id, random;
	double now, step;
	bool stopped;
	int64_t end_ns;
	struct leak last; /* the worst of the last look */
	enum verdict verdict;
	int looks, alarms; /* looks that said leak */
};

static double chance(struct world *w)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return (double)(w->random >> 11) / 9007199254740992.0;
}

static struct unit *arrive(struct world *w, double life, int site)
{
	struct unit *unit = &w->units[w->count];

	assert_true(w->count < TASKS_MAX);
	w->count++;
	*unit = (struct unit){++w->next_id, 0, w->now + life, site, false};
	return unit;
}

static void arrive_many(struct world *w, int count, double life, int site)
{
	for (int i = 0; i < count; i++)
		arrive(w, life, site);
}

/* As many as a rate makes in a step, the rest by chance. */
static int of_rate(struct world *w, double per_second)
{
	double count = per_second * w->step;

	return (int)count + (chance(w) < count - (int)count);
}

static bool every(const struct world *w, double period)
{
	return (long)(w->now / period) != (long)((w->now - w->step) / period);
}

static void bury(struct world *w)
{
	size_t kept = 0;

	for (size_t i = 0; i < w->count; i++)
		if (w->units[i].dies > w->now)
			w->units[kept++] = w->units[i];
	w->count = kept;
}

static void show(struct world *w, struct task *task, const struct unit *unit)
{
	int site = unit->site;
	double mood = unit->restless ? chance(w) : 1;

	task->id = unit->id;
	task->serial = unit->serial;
	task->state = STATE_CHAN_SEND;
	if (w->stopped) {
		task->state = STATE_STOPPED;
	} else if (mood < 0.2) {
		task->state = STATE_RUNNING;
		return;
	} else if (mood < 0.35) {
		task->state = STATE_MUTEX;
		site = (site + 1) % SITES;
	}
	task->stack = w->blocked[site];
	task->created_by = w->creator[unit->site];
}

static void look(struct world *w)
{
	struct snapshot *snapshot = snapshot_new();

	assert_non_null(snapshot);
	snapshot->mono_ns = (int64_t)((w->now + 1000) * 1e9);
	for (size_t i = 0; i < w->count; i++) {
		struct task *task = snapshot_add(snapshot);

		assert_non_null(task);
		show(w, task, &w->units[i]);
	}
	grouping_update(w->grouping, snapshot);
	assert_non_null(snapshot->groups);
	w->verdict = VERDICT_NONE;
	if (snapshot->groups->nr_leaks > 0) {
		w->last = snapshot->groups->leaks[0];
		w->last.evidence = NULL;
		w->verdict = w->last.finding.verdict;
	}
	w->looks++;
	w->alarms += w->verdict == VERDICT_LEAK;
	snapshot_unref(snapshot);
}

/* What is a leak. */

static void one_a_second(struct world *w)
{
	arrive_many(w, of_rate(w, 1), FOREVER, 0);
}

static void sixteen_every_half_minute(struct world *w)
{
	if (every(w, 30))
		arrive_many(w, 16, FOREVER, 0);
}

static void one_in_ten_minutes(struct world *w)
{
	if (every(w, 600))
		arrive(w, FOREVER, 0);
}

static void under_traffic(struct world *w)
{
	for (int i = of_rate(w, 50); i > 0; i--)
		arrive(w, 0.5 + 2.5 * chance(w), 0);
	if (every(w, 5))
		arrive(w, FOREVER, 0);
}

static void begins_late(struct world *w)
{
	if (w->now < w->step)
		arrive_many(w, 64, FOREVER, 0);
	if (w->now > 3 * 3600 && every(w, 10))
		arrive(w, FOREVER, 0);
}

static void on_a_large_base(struct world *w)
{
	if (w->now < w->step)
		arrive_many(w, 2000, FOREVER, 0);
	sixteen_every_half_minute(w);
}

static void in_bursts(struct world *w)
{
	static const double pauses[] = {7, 31, 12, 55, 20, 41, 9, 26};

	for (double at = 0, i = 0; at <= w->now; at += pauses[(int)i % 8], i++)
		if (at > w->now - w->step && at > 0)
			arrive_many(w, 1 + (int)(11 * chance(w)), FOREVER, 0);
}

static double tide(const struct world *w)
{
	double day = w->now / 86400;

	return 0.5 - 0.5 * (day - (long)day < 0.5 ? 1 - 4 * (day - (long)day)
						  : 4 * (day - (long)day) - 3);
}

static void day_and_night(struct world *w)
{
	for (int i = of_rate(w, 0.02 + 0.05 * tide(w)); i > 0; i--)
		arrive(w, 1800 + 1800 * chance(w), 0);
}

static void leak_by_day_and_night(struct world *w)
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

static void restless_ones(struct world *w)
{
	if (every(w, 2))
		arrive(w, FOREVER, 0)->restless = true;
}

static void two_sites(struct world *w)
{
	for (int i = of_rate(w, 20); i > 0; i--)
		arrive(w, 1, 2);
	if (every(w, 3))
		arrive(w, FOREVER, 4);
}

/* What is none. */

static void warm_up(struct world *w)
{
	if (w->count < 64)
		arrive_many(w, of_rate(w, 1.6), FOREVER, 0);
}

static void small_warm_up(struct world *w)
{
	if (w->count < 16)
		arrive_many(w, of_rate(w, 2), FOREVER, 0);
}

static void slow_warm_up(struct world *w)
{
	if (w->count < 200)
		arrive_many(w, of_rate(w, (200 - (double)w->count) / 60 + 0.1), FOREVER,
			    0);
}

static void one_jump(struct world *w)
{
	if (w->now < w->step)
		arrive_many(w, 20, FOREVER, 0);
	if (w->now >= 200 && w->now - w->step < 200)
		arrive_many(w, 300, FOREVER, 0);
}

static void saw(struct world *w, double tooth, double rate)
{
	arrive_many(w, of_rate(w, rate),
		    tooth - (w->now - tooth * (long)(w->now / tooth)), 0);
}

static void sawtooth(struct world *w)
{
	saw(w, 45, 2);
}

static void slow_sawtooth(struct world *w)
{
	saw(w, 1200, 0.1);
}

static void idle_pool(struct world *w)
{
	if (w->now < w->step)
		arrive_many(w, 500, FOREVER, 0);
}

static void flicker(struct world *w)
{
	if (w->now < w->step)
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

static void reused_ids(struct world *w)
{
	if (w->now < w->step)
		arrive_many(w, 40, FOREVER, 0);
	for (size_t i = 0; i < w->count; i++)
		if (chance(w) < 0.1 * w->step)
			w->units[i].serial++;
}

static void monitors_own(struct world *w)
{
	if (w->now < w->step)
		arrive(w, FOREVER, 0);
	if (every(w, 10))
		arrive(w, 0.5, 1);
}

static void more_and_more_traffic(struct world *w)
{
	for (int i = of_rate(w, 1 + w->now / 6); i > 0; i--)
		arrive(w, 0.5 + 2.5 * chance(w), 0);
}

static void retry_storm(struct world *w)
{
	if (w->now < w->step)
		arrive_many(w, 10, FOREVER, 0);
	if (w->now > 60 && w->now < 160)
		for (int i = of_rate(w, 3); i > 0; i--)
			arrive(w, 400 + 100 * chance(w) - w->now, 0);
}

static void elastic_pool(struct world *w)
{
	while (w->count < 20)
		arrive(w, 30 + 300 * chance(w), 0);
	if (chance(w) < 0.3 * w->step && w->count < 60)
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

static const struct scenario {
	const char *name;
	void (*step)(struct world *w);
	double seconds, interval;
	int64_t least_ns; /* 0: as in the view */
	bool leak;
	bool may_alarm; /* for a while nobody could tell it from a leak */
} scenarios[] = {
	{"one a second", one_a_second, 300, 1, 0, true, false},
	{"16 every 30 s", sixteen_every_half_minute, 600, 1, 0, true, false},
	{"one in ten minutes, for a day", one_in_ten_minutes, 86400, 30, 0, true, false},
	{"one in 5 s, under traffic of 50 a second", under_traffic, 600, 1, 0, true,
	 false},
	{"begins after three hours", begins_late, 3 * 3600 + 900, 5, 0, true, false},
	{"16 every 30 s on a base of 2,000", on_a_large_base, 900, 1, 0, true, false},
	{"in bursts, at odd times", in_bursts, 1200, 1, 0, true, false},
	{"under day and night", leak_by_day_and_night, 4 * 86400, 60, 0, true, false},
	{"faster and faster", faster_and_faster, 300, 1, 0, true, false},
	{"a quarter ends", some_end, 600, 1, 0, true, false},
	{"loops with a timeout", restless_ones, 400, 1, 0, true, false},
	{"beside another site's traffic", two_sites, 400, 1, 0, true, false},
	{"one a second, watched for 20 s", one_a_second, 20, 0.25, 10 * SECOND, true,
	 false},
	{"warm-up", warm_up, 600, 1, 0, false, false},
	{"slow warm-up", slow_warm_up, 1200, 1, 0, false, true},
	{"one jump, then flat", one_jump, 900, 1, 0, false, false},
	{"sawtooth", sawtooth, 600, 1, 0, false, false},
	{"slow sawtooth", slow_sawtooth, 5400, 1, 0, false, true},
	{"day and night", day_and_night, 4 * 86400, 60, 0, false, true},
	{"idle pool", idle_pool, 600, 1, 0, false, false},
	{"flicker", flicker, 600, 1, 0, false, false},
	{"stopped target", stopped_target, 600, 1, 0, false, false},
	{"reused ids", reused_ids, 600, 1, 0, false, false},
	{"the monitor's own threads", monitors_own, 600, 1, 0, false, false},
	{"more and more traffic", more_and_more_traffic, 600, 1, 0, false, false},
	{"retry storm", retry_storm, 600, 1, 0, false, true},
	{"elastic pool", elastic_pool, 1200, 1, 0, false, true},
	{"cleaned up", cleaned_up, 900, 1, 0, false, true},
	{"long connections", long_connections, 1200, 1, 0, false, true},
	{"pool that warms up, watched for 20 s", small_warm_up, 20, 0.25, 10 * SECOND,
	 false, true},
};

static const struct stack *make_stack(struct world *w, const char *name, int number)
{
	struct frame frame = {.line = 10 + number, .address = 0x1000};
	char text[32];

	snprintf(text, sizeof(text), "%s_%d", name, number);
	frame.function = intern_text(w->intern, text, sizeof(text));
	return stack_intern(w->stacks, &frame, 1, false);
}

static void run(const struct scenario *scenario, struct world *w, uint64_t seed)
{
	struct err e = {0};

	memset(w, 0, sizeof(*w));
	w->random = seed;
	w->step = scenario->interval;
	w->intern = intern_new(1 << 20);
	w->stacks = stack_table_new(100);
	w->units = calloc(TASKS_MAX, sizeof(*w->units));
	w->grouping = grouping_new(NULL, &e);
	if (scenario->least_ns > 0)
		grouping_set_least(w->grouping, scenario->least_ns);
	for (int i = 0; i < SITES; i++) {
		w->blocked[i] = make_stack(w, "send", i);
		w->creator[i] = make_stack(w, "handle", i);
	}
	for (; w->now < scenario->seconds; w->now += w->step) {
		bury(w);
		scenario->step(w);
		look(w);
	}
	grouping_free(w->grouping);
}

static void forget(struct world *w)
{
	stack_table_free(w->stacks);
	intern_free(w->intern);
	free(w->units);
}

static void every_case(void **state)
{
	static const uint64_t seeds[] = {88172645463325252ull, 4711, 90210};
	int right_leak = 0, wrong_leak = 0, missed = 0, right_none = 0;
	char wrong[2000] = "";

	printf("# %-42s %-8s %-8s %s\n", "case", "expected", "verdict",
	       "looks with an alarm");
	for (size_t i = 0; i < COUNT(scenarios); i++) {
		const struct scenario *scenario = &scenarios[i];

		for (size_t n = 0; n < COUNT(seeds); n++) {
			struct world w;
			bool leak;

			run(scenario, &w, seeds[n]);
			leak = w.verdict == VERDICT_LEAK;
			right_leak += leak && scenario->leak;
			wrong_leak += leak && !scenario->leak;
			missed += !leak && scenario->leak;
			right_none += !leak && !scenario->leak;
			if (n == 0 || leak != scenario->leak)
				printf("# %-42s %-8s %-8s %d of %d\n", scenario->name,
				       scenario->leak ? "leak" : "none",
				       w.verdict ? verdict_name(w.verdict) : "none",
				       w.alarms, w.looks);
			if (leak != scenario->leak ||
			    (w.alarms > 0 && !scenario->leak && !scenario->may_alarm))
				snprintf(wrong + strlen(wrong),
					 sizeof(wrong) - strlen(wrong), " [%s]",
					 scenario->name);
			forget(&w);
		}
	}
	printf("# precision %.2f (%d of %d verdicts), recall %.2f (%d of %d leaks), "
	       "%d quiet\n",
	       (double)right_leak / (right_leak + wrong_leak), right_leak,
	       right_leak + wrong_leak, (double)right_leak / (right_leak + missed),
	       right_leak, right_leak + missed, right_none);
	if (wrong[0])
		fail_msg("wrong:%s", wrong);
}

static const struct scenario *by_name(const char *name)
{
	for (size_t i = 0; i < COUNT(scenarios); i++)
		if (strcmp(scenarios[i].name, name) == 0)
			return &scenarios[i];
	fail_msg("no case %s", name);
	return NULL;
}

static void numbers_of_steps(void **state)
{
	struct world w;

	run(by_name("16 every 30 s on a base of 2,000"), &w, 1);
	assert_int_equal(w.last.finding.step_size, 16);
	assert_true(w.last.finding.period_ns > 29 * SECOND &&
		    w.last.finding.period_ns < 31 * SECOND);
	assert_true(w.last.finding.nr_steps >= 4);
	assert_int_equal(w.last.finding.left, 0);
	assert_true(w.last.finding.per_second > 0.4 && w.last.finding.per_second < 0.7);
	forget(&w);
}

static void numbers_of_a_line(void **state)
{
	struct world w;

	run(by_name("one a second"), &w, 1);
	assert_true(w.last.finding.per_second > 0.9 && w.last.finding.per_second < 1.1);
	assert_true(w.last.finding.to > w.last.finding.from + 150);
	assert_true(w.last.finding.rises >= 4);
	assert_string_equal(w.last.stack->frames[0].function, "send_0");
	assert_string_equal(w.last.created_by->frames[0].function, "handle_0");
	forget(&w);
}

/* Said as young first, then as a leak; and when it is over the score goes down. */
static void young_then_sure_then_over(void **state)
{
	struct scenario scenario = *by_name("one a second");
	struct world w;
	double before;

	scenario.seconds = 45;
	run(&scenario, &w, 1);
	assert_int_equal(w.verdict, VERDICT_RECHECK);
	forget(&w);
	scenario = *by_name("cleaned up");
	scenario.seconds = 119;
	run(&scenario, &w, 1);
	assert_int_equal(w.verdict, VERDICT_LEAK);
	before = w.last.finding.score;
	forget(&w);
	scenario.seconds = 170;
	run(&scenario, &w, 1);
	assert_true(w.verdict != VERDICT_LEAK || w.last.finding.score < before);
	forget(&w);
	scenario.seconds = 330;
	run(&scenario, &w, 1);
	assert_int_equal(w.verdict, VERDICT_NONE);
	forget(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_case),
		cmocka_unit_test(numbers_of_steps),
		cmocka_unit_test(numbers_of_a_line),
		cmocka_unit_test(young_then_sure_then_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
