/* SPDX-License-Identifier: MIT */
/*
 * Jobs that add some tasks at intervals, from more often than there are samples to ten
 * samples apart: a period that is reported is the job's, and agrees with the rate that is
 * reported. If samples cannot determine it, none is reported.
 */
#include "leak_world.h"

#include <math.h>

#include "core/steps.h"

/* Of the cases: it is computation, which a sanitizer slows down tenfold. */
#define FEWER (SANITIZED ? 7 : 1)

struct job {
	double period, phase;
	double late;   /* part of the period that it may be late */
	double length; /* during which it adds its tasks */
	int size;
};

struct run {
	struct job jobs[2];
	double look_jitter; /* part of the interval */
	double missed;      /* fraction of the samples */
	uint64_t seed;
};

struct said {
	bool rises, steps;
	double size, period, pace;
};

/* Of the world's random numbers, between -1 and 1. */
static double swing(struct world *w)
{
	return 2 * chance(w) - 1;
}

/* When the job adds its task number n. */
static double time_of(struct world *w, const struct job *job, long n, double *lateness)
{
	long turn = n / job->size;

	if (n % job->size == 0)
		*lateness = chance(w) * job->late * job->period;
	return job->phase * job->period + (double)turn * job->period + *lateness +
	       job->length * (double)(n % job->size) / job->size;
}

/* 90 samples, a second apart. */
static struct said watch(const struct run *run)
{
	double lateness[2] = {0}, next[2];
	struct said said = {0};
	long added[2] = {0};
	struct world w;

	world_init(&w, run->seed, 20);
	w.quiet = true;
	for (int i = 0; i < 2; i++)
		next[i] = run->jobs[i].size ? time_of(&w, &run->jobs[i], 0, &lateness[i])
					    : INFINITY;
	for (int look = 0; look < 90; look++) {
		w.now = look + run->look_jitter * swing(&w) / 2;
		for (int i = 0; i < 2; i++)
			while (next[i] <= w.now) {
				arrive(&w, FOREVER, 0);
				next[i] = time_of(&w, &run->jobs[i], ++added[i],
						  &lateness[i]);
			}
		if (look > 0 && chance(&w) < run->missed)
			continue;
		world_look(&w);
	}
	said.rises = w.verdict != VERDICT_NONE;
	said.steps = said.rises && w.last.finding.nr_steps > 0;
	said.size = w.last.finding.step_size;
	said.period = (double)w.last.finding.period_ns / 1e9;
	said.pace = w.last.finding.per_second;
	world_release(&w);
	return said;
}

static bool near(double a, double b, double part)
{
	return fabs(a - b) <= part * b;
}

static void one_job(void **state)
{
	static const int sizes[] = {1, 5, 38};
	unsigned wrong = 0, slow = 0, told = 0;

	(void)state;
	for (unsigned i = 0; i < 3 * 98 * 6; i += FEWER) {
		unsigned way = 5 * i % 12, tenths = 3 + i / 6 % 98;
		struct run run = {
			.jobs[0] = {.period = tenths / 10.0,
				    .phase = way % 4 / 4.0,
				    .late = way % 3 == 1 ? 0.05 : 0,
				    .length = way % 3 == 2 ? 0.1 : 0,
				    .size = sizes[i / 6 / 98]},
			.look_jitter = way % 2 ? 0.2 : 0.01,
			.missed = way % 4 == 3 ? 0.1 : 0,
			.seed = i,
		};
		const struct job *job = &run.jobs[0];
		struct said said = watch(&run);

		assert_true(said.rises);
		/* The period is well known and no sample was missed, so it must be
		 * reported. */
		if (job->period >= 1.5 && run.missed == 0) {
			slow++;
			told += said.steps;
		}
		if (!said.steps)
			continue;
		if (near(said.period, job->period, 0.12) &&
		    near(said.size, job->size, 0.1) &&
		    near(said.size / said.period, said.pace, 0.25))
			continue;
		if (wrong++ < 10)
			print_message("# %d every %.1f (case %u): +%g every %.2f, %g a "
				      "second\n",
				      job->size, job->period, i, said.size, said.period,
				      said.pace);
	}
	print_message("# told: %u of %u\n", told, slow);
	assert_int_equal(wrong, 0);
	assert_true(told > slow * 9 / 10);
}

/* Several periods: none is reported, or one that accounts for all tasks. */
static void two_jobs(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (unsigned i = 0; i < 700; i += FEWER) {
		struct run run = {
			.jobs = {{.period = 0.4 + i % 40 / 4.0, .size = 1 + (int)i % 7},
				 {.period = 0.7 + i % 23 / 3.0,
				  .phase = 0.3,
				  .size = 1 + (int)i % 11}},
			.look_jitter = i % 2 ? 0.2 : 0.01,
			.missed = i % 4 == 3 ? 0.1 : 0,
			.seed = i,
		};
		double pace = run.jobs[0].size / run.jobs[0].period +
			      run.jobs[1].size / run.jobs[1].period;
		struct said said = watch(&run);

		if (!said.steps || (near(said.size / said.period, said.pace, 0.25) &&
				    near(said.size / said.period, pace, 0.3)))
			continue;
		if (wrong++ < 10)
			print_message("# %d every %.2f, %d every %.2f: +%g every %.2f, "
				      "%g a second, really %g\n",
				      run.jobs[0].size, run.jobs[0].period,
				      run.jobs[1].size, run.jobs[1].period, said.size,
				      said.period, said.pace, pace);
	}
	assert_int_equal(wrong, 0);
}

/* Tasks that come at random have no period. */
static void by_chance(void **state)
{
	unsigned told = 0;

	(void)state;
	for (unsigned i = 0; i < 300; i += FEWER) {
		struct world w;

		world_init(&w, i, 20);
		w.quiet = true;
		for (int look = 0; look < 90; look++) {
			w.now = look;
			for (int turn = 0; turn < 4; turn++)
				if (chance(&w) < 0.02 + i % 10 / 20.0)
					arrive_many(&w, 1 + (int)i % 5, FOREVER, 0);
			world_look(&w);
		}
		told += w.verdict != VERDICT_NONE && w.last.finding.nr_steps > 0;
		world_release(&w);
	}
	print_message("# by chance: %u of 300\n", told);
	assert_true(told <= 6);
}

/* The same of a figure's curve. */
static void curves(void **state)
{
	struct series series;
	struct steps steps;

	(void)state;
	for (unsigned tenths = 3; tenths <= 100; tenths++)
		for (unsigned phase = 0; phase < 8; phase++) {
			double period = tenths / 10.0;

			series_init(&series);
			for (int look = 0; look < 200; look++)
				series_push(
					&series, 1000 * SECOND + look * SECOND,
					100 + 5 * floor((look + phase / 8.0 * period) /
							period));
			if (!steps_find(&series, &steps))
				continue;
			if (!near((double)steps.period_ns / 1e9, period, 0.15) ||
			    !near(steps.size, 5, 0.01))
				fail_msg("5 every %.1f: +%g every %.2f", period,
					 steps.size, (double)steps.period_ns / 1e9);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_job),
		cmocka_unit_test(two_jobs),
		cmocka_unit_test(by_chance),
		cmocka_unit_test(curves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
