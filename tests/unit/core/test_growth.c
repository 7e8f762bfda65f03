/* SPDX-License-Identifier: MIT */
/*
 * Which function ran when a group grew, and which groups grow in step, on targets that are
 * simulated sample by sample: periodic jobs, of which one leaks, beside others that do not.
 */
#include "leak_world.h"

#include <math.h>

#define JOBS    8
#define MINUTE  60.0
#define LIBRARY "/usr/local/go/src/net/http/transport.go"

/* Everything that a simulated target consists of. */
struct town {
	struct grouping *grouping;
	struct intern *intern;
	struct stack_table *stacks;
	uint64_t next_id, random;
	double now, before;
	struct snapshot *last;
	/* tasks that have come and stay, by their site */
	uint64_t left[JOBS][4000];
	int nr_left[JOBS];
};

struct job {
	double period, lasts, first; /* in seconds; first < 0: at any time */
	int leaks;                   /* tasks, of `site` */
	int site;
	bool hidden; /* it is never on a stack in a sample */
};

static double town_chance(struct town *w)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return (double)(w->random >> 11) / 9007199254740992.0;
}

__attribute__((format(printf, 2, 3))) static const char *text(struct town *w,
							      const char *format, ...)
{
	char name[96];
	va_list args;

	va_start(args, format);
	vsnprintf(name, sizeof(name), format, args);
	va_end(args);
	return intern_text(w->intern, name, strlen(name));
}

static struct frame frame_of(struct town *w, const char *function, const char *file,
			     int line)
{
	return (struct frame){.function = function,
			      .file = text(w, "%s", file),
			      .line = line,
			      .address = 0x1000 + (uint64_t)line};
}

/* A function of the program's own, and one of Go's. */
#define own(w, line, ...) frame_of(w, text(w, __VA_ARGS__), "/home/me/jobs.go", line)
#define library(w, ...)   frame_of(w, text(w, __VA_ARGS__), LIBRARY, 100)

static const struct stack *stack_of(struct town *w, struct frame a, struct frame b,
				    struct frame c, size_t count)
{
	struct frame frames[] = {a, b, c};

	return stack_intern(w->stacks, frames, count, false);
}

static void town_init(struct town *w, uint64_t seed)
{
	struct err e = {0};

	memset(w, 0, sizeof(*w));
	w->random = (seed + 1) * 0x9e3779b97f4a7c15ull;
	w->intern = intern_new(1 << 24);
	w->stacks = stack_table_new(1 << 16);
	w->grouping = grouping_new(NULL, &e);
	assert_non_null(w->grouping);
	w->next_id = 1000;
}

static void town_release(struct town *w)
{
	snapshot_unref(w->last);
	grouping_free(w->grouping);
	stack_table_free(w->stacks);
	intern_free(w->intern);
}

static struct task *put(struct town *w, struct snapshot *snapshot, uint64_t id,
			const struct stack *stack, const struct stack *created_by)
{
	struct task *task = snapshot_add(snapshot);

	(void)w;
	assert_non_null(task);
	task->kind = TASK_GOROUTINE;
	task->id = id;
	task->state = STATE_SELECT;
	task->stack = stack;
	task->created_by = created_by;
	return task;
}

static struct snapshot *town_begin(struct town *w)
{
	struct snapshot *snapshot = snapshot_new();

	assert_non_null(snapshot);
	snapshot->mono_ns = (int64_t)((w->now + 1000) * 1e9);
	snapshot->real_ns = snapshot->mono_ns + 1700000000 * SECOND;
	snapshot->target.start_real_ns = SECOND;
	return snapshot;
}

static void leave(struct town *w, int site, int count)
{
	for (int i = 0; i < count && w->nr_left[site] < 4000; i++)
		w->left[site][w->nr_left[site]++] = ++w->next_id;
}

/* The tasks that stay; those of one site have the same stack and creator. */
static void put_left(struct town *w, struct snapshot *snapshot)
{
	for (int site = 0; site < JOBS; site++) {
		const struct stack *stack =
			stack_of(w, library(w, "net/http.(*conn%d).loop", site),
				 (struct frame){0}, (struct frame){0}, 1);
		const struct stack *creator =
			stack_of(w, library(w, "net/http.(*Transport%d).dial", site),
				 (struct frame){0}, (struct frame){0}, 1);

		for (int i = 0; i < w->nr_left[site]; i++)
			put(w, snapshot, w->left[site][i], stack, creator);
	}
}

static void town_end(struct town *w, struct snapshot *snapshot)
{
	put_left(w, snapshot);
	grouping_update(w->grouping, snapshot);
	assert_non_null(snapshot->groups);
	snapshot_unref(w->last);
	w->last = snapshot;
	w->before = w->now;
}

/* Returns the start of the run of the job at this time, or < 0. */
static double run_at(const struct job *job, double time)
{
	double start =
		job->first + job->period * floor((time - job->first) / job->period);

	return time >= job->first && time < start + job->lasts ? start : -1;
}

static bool started(const struct job *job, double before, double now)
{
	double start = job->first + job->period * floor((now - job->first) / job->period);

	return now >= job->first && start > before && start <= now;
}

/* The task of the job: in its function, or waiting for its next turn. */
static void put_job(struct town *w, struct snapshot *snapshot, int number,
		    const struct job *job)
{
	struct frame every = own(w, 200, "main.every");
	struct frame run = own(w, 10 + number, "main.(*job%d).run", number);
	struct frame inner = own(w, 50, "main.fetch");
	struct frame wait = library(w, "net/http.(*Transport).roundTrip");
	const struct stack *creator =
		stack_of(w, own(w, 300, "main.main"), every, every, 1);
	struct frame busy[] = {wait, inner, run, every};

	put(w, snapshot, (uint64_t)number + 1,
	    !job->hidden && run_at(job, w->now) >= 0
		    ? stack_intern(w->stacks, busy, 4, false)
		    : stack_of(w, every, every, every, 1),
	    creator);
	if (started(job, w->before, w->now))
		leave(w, job->site, job->leaks);
}

static void town_run(struct town *w, const struct job *jobs, int count, double seconds,
		     double interval, void (*more)(struct town *, struct snapshot *))
{
	while (w->now < seconds) {
		struct snapshot *snapshot = town_begin(w);

		for (int i = 0; i < count; i++)
			put_job(w, snapshot, i, &jobs[i]);
		if (more)
			more(w, snapshot);
		town_end(w, snapshot);
		w->now += interval * (0.9 + 0.2 * town_chance(w));
	}
}

static const struct leak *the_leak(const struct town *w)
{
	assert_int_equal(groups_leaks(w->last->groups, VERDICT_LEAK), 1);
	return &w->last->groups->leaks[0];
}

static void assert_suspect(const struct town *w, const char *name)
{
	const struct suspects *suspects = &the_leak(w)->suspects;

	if (suspects->count != 1 || strcmp(suspects->list[0].frame->function, name) != 0)
		fail_msg("%u suspects, the first is %s, not only %s; %s", suspects->count,
			 suspects->count ? suspects->list[0].frame->function : "none",
			 name, the_leak(w)->evidence);
	assert_contains(the_leak(w)->evidence, name);
}

static void assert_none(const struct town *w)
{
	if (the_leak(w)->suspects.count > 0)
		fail_msg("%s", the_leak(w)->evidence);
	assert_contains(the_leak(w)->evidence, "No function of the program stands out");
}

/* Everything at any time, by chance. */
static void place(struct town *w, struct job *jobs, int count)
{
	for (int i = 0; i < count; i++)
		if (jobs[i].first < 0)
			jobs[i].first = jobs[i].period * town_chance(w);
}

static const double periods[] = {47 * MINUTE, 53 * MINUTE, 59 * MINUTE, 67 * MINUTE};

static void set_jobs(struct job jobs[4], double lasts, int leaking)
{
	for (int i = 0; i < 4; i++)
		jobs[i] = (struct job){periods[i],           lasts, -1,
				       i == leaking ? 3 : 0, 0,     false};
}

static void the_job_that_leaks_is_named(void **state)
{
	(void)state;
	for (int leaking = 0; leaking < 4; leaking++)
		for (uint64_t seed = 0; seed < 4; seed++) {
			static struct town w;
			struct job jobs[4];
			char name[32];

			town_init(&w, seed * 4 + (uint64_t)leaking);
			set_jobs(jobs, 40, leaking);
			place(&w, jobs, 4);
			town_run(&w, jobs, 4, 8 * periods[leaking], 10, NULL);
			snprintf(name, sizeof(name), "main.(*job%d).run", leaking);
			assert_suspect(&w, name);
			assert_in_range(the_leak(&w)->suspects.steps, 5, 9);
			assert_int_equal(the_leak(&w)->suspects.list[0].steps,
					 the_leak(&w)->suspects.steps);
			town_release(&w);
		}
}

/* The samples are so far apart that they see only some of the runs. */
static void a_job_may_run_between_samples(void **state)
{
	static struct town w;
	struct job jobs[4];

	(void)state;
	town_init(&w, 1);
	set_jobs(jobs, 20, 1);
	place(&w, jobs, 4);
	town_run(&w, jobs, 4, 30 * periods[1], 30, NULL);
	assert_suspect(&w, "main.(*job1).run");
	assert_true(the_leak(&w)->suspects.list[0].steps < the_leak(&w)->suspects.steps);
	assert_contains(the_leak(&w)->evidence, " steps main.(*job1).run was running "
						"(jobs.go:11, in main.fetch at "
						"jobs.go:50); it runs in 0 of ");
	town_release(&w);
}

/* Another job is on stacks for more than a third of the time, and often when it leaks. */
static void jobs_may_overlap(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 4; seed++) {
		static struct town w;
		struct job jobs[] = {{10 * MINUTE, 60, -1, 2, 0, false},
				     {17 * MINUTE, 6 * MINUTE, -1, 0, 0, false},
				     {13 * MINUTE, 4 * MINUTE, -1, 0, 0, false}};

		town_init(&w, seed);
		place(&w, jobs, 3);
		town_run(&w, jobs, 3, 200 * MINUTE, 10, NULL);
		assert_suspect(&w, "main.(*job0).run");
		town_release(&w);
	}
}

/* A job that runs once, for as long as the group grows. */
static void one_long_run_says_nothing(void **state)
{
	static struct town w;
	struct job jobs[] = {{1000 * MINUTE, 150 * MINUTE, 10 * MINUTE, 0, 0, false},
			     {10 * MINUTE, 60, 11 * MINUTE, 2, 0, true}};

	(void)state;
	town_init(&w, 3);
	town_run(&w, jobs, 2, 150 * MINUTE, 10, NULL);
	assert_none(&w);
	town_release(&w);
}

/* Functions that come and go by chance, and short visits at the site of the leak. */
static void noise(struct town *w, struct snapshot *snapshot)
{
	for (int i = 0; i < 150; i++) {
		struct frame frame = own(w, 400 + i, "main.handler%d", i);

		if (town_chance(w) < 0.04)
			put(w, snapshot, 500 + (uint64_t)i,
			    stack_of(w, frame, frame, frame, 1), NULL);
	}
	put(w, snapshot, 900,
	    stack_of(w, own(w, 390, "main.always"), own(w, 300, "main.main"),
		     (struct frame){0}, 2),
	    NULL);
	if (town_chance(w) < 0.01)
		leave(w, 0, 1);
}

static void visits_end(struct town *w, struct snapshot *snapshot)
{
	noise(w, snapshot);
	/* The latest one leaves again, if it was alone. */
	if (w->nr_left[0] % 3 == 1 && town_chance(w) < 0.5)
		w->nr_left[0]--;
}

static void noise_is_not_suspect(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 4; seed++) {
		static struct town w;
		struct job jobs[4];

		town_init(&w, seed);
		set_jobs(jobs, 40, 2);
		place(&w, jobs, 4);
		town_run(&w, jobs, 4, 12 * periods[2], 20, visits_end);
		assert_suspect(&w, "main.(*job2).run");
		town_release(&w);
	}
}

static void without_a_job_nothing_stands_out(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 8; seed++) {
		static struct town w;
		struct job jobs[] = {{10 * MINUTE, 60, -1, 2, 0, true},
				     {7 * MINUTE, 60, -1, 0, 0, false},
				     {9 * MINUTE, 90, -1, 0, 0, false},
				     {11 * MINUTE, 90, -1, 0, 0, false}};

		town_init(&w, seed);
		place(&w, jobs, 4);
		town_run(&w, jobs, 4, 150 * MINUTE, 10, noise);
		assert_none(&w);
		town_release(&w);
	}
}

/* The job is never on a stack, but what it creates is seen. */
static void creations(struct town *w, struct snapshot *snapshot)
{
	struct frame child = own(w, 60, "main.child");
	struct frame creator = own(w, 10, "main.(*job0).run");

	if ((long)(w->now / 600) != (long)(w->before / 600)) {
		leave(w, 0, 2);
		put(w, snapshot, ++w->next_id, stack_of(w, child, child, child, 1),
		    stack_of(w, creator, creator, creator, 1));
	}
}

static void what_creates_tasks_runs(void **state)
{
	static struct town w;
	struct job jobs[] = {{7 * MINUTE, 60, -1, 0, 0, false}};

	(void)state;
	town_init(&w, 4);
	place(&w, jobs, 1);
	town_run(&w, jobs + 1, 0, 150 * MINUTE, 10, creations);
	assert_true(the_leak(&w)->suspects.count > 0);
	assert_contains(the_leak(&w)->evidence, "main.(*job0).run was running");
	town_release(&w);
}

/* More functions than are followed. */
static void crowd(struct town *w, struct snapshot *snapshot)
{
	for (int i = 0; i < 30; i++) {
		int number = (int)(w->now / 10) % 400 * 30 + i;
		struct frame frame = own(w, 1000, "main.generated%d", number);

		put(w, snapshot, 400 + (uint64_t)i, stack_of(w, frame, frame, frame, 1),
		    NULL);
	}
}

static void functions_are_bounded(void **state)
{
	static struct town w;
	struct job jobs[] = {{10 * MINUTE, 60, -1, 2, 0, false}};

	(void)state;
	town_init(&w, 5);
	place(&w, jobs, 1);
	town_run(&w, jobs, 1, 120 * MINUTE, 10, crowd);
	assert_true(the_leak(&w)->suspects.functions <= PRESENCE_FUNCTIONS);
	assert_suspect(&w, "main.(*job0).run");
	town_release(&w);
}

/* Leaks that are one. */

static void two_more(struct town *w, struct snapshot *snapshot)
{
	static int before;

	(void)snapshot;
	if (w->nr_left[0] < before)
		before = 0;
	leave(w, 1, w->nr_left[0] - before);
	leave(w, 2, 2 * (w->nr_left[0] - before));
	before = w->nr_left[0];
}

static const struct leak *part(const struct town *w, int number)
{
	const struct leak *leak = &w->last->groups->leaks[number];

	assert_true(w->last->groups->nr_leaks > (size_t)number);
	return leak;
}

static void leaks_in_step_are_one(void **state)
{
	static struct town w;
	struct job jobs[] = {{10 * MINUTE, 60, -1, 3, 0, false}};

	(void)state;
	town_init(&w, 6);
	place(&w, jobs, 1);
	town_run(&w, jobs, 1, 200 * MINUTE, 10, two_more);
	assert_int_equal(w.last->groups->nr_leaks, 3);
	assert_int_equal(the_leak(&w)->nr_parts, 2);
	assert_int_equal(the_leak(&w)->lead, 0);
	assert_int_equal(part(&w, 1)->lead, the_leak(&w)->serial);
	assert_int_equal(part(&w, 2)->lead, the_leak(&w)->serial);
	assert_true(part(&w, 1)->relation.steps > 4);
	assert_contains(the_leak(&w)->evidence, "together they are one leak");
	assert_contains(part(&w, 1)->evidence, "A part of the leak of ");
	assert_suspect(&w, "main.(*job0).run");
	town_release(&w);
}

/* Tasks that arrive all the time, at random, several at once. */
static void requests(struct town *w, struct snapshot *snapshot)
{
	(void)snapshot;
	for (int i = 0; i < 10; i++)
		if (town_chance(w) < 0.3) {
			leave(w, 0, 1);
			leave(w, 1, 1);
		}
}

static void leaks_without_steps_may_be_in_step(void **state)
{
	static struct town w;
	struct job none = {0};

	(void)state;
	town_init(&w, 7);
	town_run(&w, &none, 0, 600, 1, requests);
	assert_int_equal(w.last->groups->nr_leaks, 2);
	assert_int_equal(the_leak(&w)->nr_parts, 1);
	town_release(&w);
}

static void others(struct town *w, struct snapshot *snapshot)
{
	(void)snapshot;
	for (int i = 0; i < 10; i++) {
		leave(w, 0, town_chance(w) < 0.3);
		leave(w, 1, town_chance(w) < 0.3);
	}
}

/* Two places of the program's own code start tasks at the same constant pace. */
static bool made_by_library;

static void at_one_pace(struct town *w, struct snapshot *snapshot)
{
	static uint64_t nr;

	nr = w->now <= 0 ? 0 : nr + 3;
	for (int site = 0; site < 2; site++)
		for (uint64_t i = 0; i < nr; i++) {
			struct frame loop = library(w, "net/http.(*conn%d).loop", site);
			struct frame maker = made_by_library
						     ? library(w, "net/http.make%d", site)
						     : own(w, 10, "main.make%d", site);

			put(w, snapshot, 100000 * (uint64_t)(site + 1) + i,
			    stack_of(w, loop, loop, loop, 1),
			    stack_of(w, maker, maker, maker, 1));
		}
}

/* Nearly the same pace. */
static void at_like_paces(struct town *w, struct snapshot *snapshot)
{
	(void)snapshot;
	leave(w, 0, 3);
	leave(w, 1, 3 - ((long)w->now % 20 == 0));
}

static void one_constant_pace_in_libraries_is_one_leak(void **state)
{
	static struct town w;
	struct job none = {0};

	(void)state;
	made_by_library = true;
	town_init(&w, 9);
	town_run(&w, &none, 0, 200, 1, at_one_pace);
	assert_int_equal(w.last->groups->nr_leaks, 2);
	assert_int_equal(the_leak(&w)->nr_parts, 1);
	town_release(&w);
	made_by_library = false;
}

static void independent_leaks_stay_two(void **state)
{
	void (*const cases[])(struct town *, struct snapshot *) = {others, at_one_pace,
								   at_like_paces};

	(void)state;
	for (size_t i = 0; i < COUNT(cases) * 4; i++) {
		static struct town w;
		struct job none = {0};

		town_init(&w, i);
		town_run(&w, &none, 0, i % COUNT(cases) == 1 ? 200 : 600, 1,
			 cases[i % COUNT(cases)]);
		assert_int_equal(groups_leaks(w.last->groups, VERDICT_LEAK), 2);
		town_release(&w);
	}
}

static void jobs_with_like_periods_are_two_leaks(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 4; seed++) {
		static struct town w;
		struct job jobs[] = {{10 * MINUTE, 60, -1, 3, 0, false},
				     {11 * MINUTE, 60, -1, 3, 1, false}};

		town_init(&w, seed);
		place(&w, jobs, 2);
		town_run(&w, jobs, 2, 200 * MINUTE, 10, NULL);
		assert_int_equal(groups_leaks(w.last->groups, VERDICT_LEAK), 2);
		assert_int_equal(w.last->groups->leaks[0].suspects.count, 1);
		assert_int_equal(w.last->groups->leaks[1].suspects.count, 1);
		assert_string_not_equal(
			w.last->groups->leaks[0].suspects.list[0].frame->function,
			w.last->groups->leaks[1].suspects.list[0].frame->function);
		town_release(&w);
	}
}

/* Each piece of work leaves two tasks at a constant pace, which share their creator. */
static uint64_t creator_shift;

static void pairs(struct town *w, struct snapshot *snapshot)
{
	static uint64_t nr;

	if (w->now <= 0)
		nr = 0;
	for (uint64_t i = 0; i < 3 * nr; i++) {
		struct frame one = library(w, "net/http.(*conn).read%d", 1);
		struct frame other = library(w, "net/http.(*conn).write%d", 2);
		struct frame maker = own(w, 10, "main.open");

		put(w, snapshot, 100000 + i, stack_of(w, one, one, one, 1),
		    stack_of(w, maker, maker, maker, 1))
			->creator_id = 5000 + i;
		put(w, snapshot, 200000 + i, stack_of(w, other, other, other, 1),
		    stack_of(w, maker, maker, maker, 1))
			->creator_id = 5000 + i + creator_shift;
	}
	nr++;
}

static void leaks_of_the_same_creators_are_one(void **state)
{
	(void)state;
	for (int same = 0; same < 2; same++) {
		static struct town w;
		struct job none = {0};

		creator_shift = same ? 0 : 1000000;
		town_init(&w, 8);
		town_run(&w, &none, 0, 200, 1, pairs);
		assert_int_equal(w.last->groups->nr_leaks, 2);
		assert_int_equal(groups_leaks(w.last->groups, VERDICT_LEAK),
				 same ? 1 : 2);
		assert_true(!same || part(&w, 1)->relation.creators);
		town_release(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_job_that_leaks_is_named),
		cmocka_unit_test(a_job_may_run_between_samples),
		cmocka_unit_test(jobs_may_overlap),
		cmocka_unit_test(one_long_run_says_nothing),
		cmocka_unit_test(noise_is_not_suspect),
		cmocka_unit_test(without_a_job_nothing_stands_out),
		cmocka_unit_test(what_creates_tasks_runs),
		cmocka_unit_test(functions_are_bounded),
		cmocka_unit_test(leaks_in_step_are_one),
		cmocka_unit_test(leaks_without_steps_may_be_in_step),
		cmocka_unit_test(one_constant_pace_in_libraries_is_one_leak),
		cmocka_unit_test(independent_leaks_stay_two),
		cmocka_unit_test(jobs_with_like_periods_are_two_leaks),
		cmocka_unit_test(leaks_of_the_same_creators_are_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
