/* SPDX-License-Identifier: MIT */
/* What a verdict says: its numbers, its words, its score over time; proofs; the user's
 * rules; and what a grouping forgets. */
#include "leak_world.h"

#include "core/figures.h"

static void arrive_each_second(struct world *w)
{
	arrive_many(w, of_rate(w, 1), FOREVER, 0);
}

static void steps_on_a_base(struct world *w)
{
	if (at(w, 0))
		arrive_many(w, 2000, FOREVER, 0);
	if (every(w, 30))
		arrive_many(w, 16, FOREVER, 0);
}

/* Connections of minutes, and a job each hour. */
static void hourly_job(struct world *w)
{
	for (int i = of_rate(w, 0.1); i > 0; i--)
		arrive(w, 60 + 240 * chance(w), 0);
	if (every(w, HOUR))
		arrive_many(w, 16, FOREVER, 0);
}

static void until_two_minutes(struct world *w)
{
	if (w->now < 120)
		arrive_many(w, of_rate(w, 1), 330 - w->now, 0);
}

static void saturating(struct world *w)
{
	double rest = 200 - (double)population(w, 0);

	arrive_many(w, of_rate(w, rest > 0 ? rest / 60 : 0), FOREVER, 0);
}

static void run(struct world *w, void (*step)(struct world *), double seconds,
		double interval)
{
	struct scenario scenario = {
		.step = step, .seconds = seconds, .interval = interval};

	world_init(w, 1, 0);
	w->quiet = true;
	world_run(w, &scenario);
}

/* "+S every T", from, to, came, left, slope. */
static void numbers_of_steps(void **state)
{
	struct world w;
	const struct trend_finding *finding = &w.last.finding;

	run(&w, steps_on_a_base, 900, 1);
	assert_int_equal(w.verdict, VERDICT_LEAK);
	assert_int_equal(finding->step_size, 16);
	assert_in_range(finding->period_ns, 29 * SECOND, 31 * SECOND);
	assert_true(finding->nr_steps >= 4);
	assert_int_equal(finding->left, 0);
	assert_true(finding->to > finding->from && finding->from >= 2000);
	assert_true(finding->per_second > 0.4 && finding->per_second < 0.7);
	world_release(&w);
}

static void steps_of_six(struct world *w)
{
	if (every(w, 6))
		arrive_many(w, 16, FOREVER, 0);
}

/* New tasks count only after a while, which grows; the steps are at the times when they
 * came. */
static void times_of_steps(void **state)
{
	struct world w;
	const struct trend_finding *finding = &w.last.finding;
	int64_t first_ns;

	run(&w, steps_of_six, 80, 0.5);
	assert_true(finding->nr_steps >= 10);
	assert_in_range(finding->period_ns, 5900000000, 6100000000);
	first_ns = w.last.steps_ns[0];
	for (uint32_t i = 0; i < finding->nr_steps; i++)
		assert_true(llabs(w.last.steps_ns[i] - first_ns -
				  (int64_t)i * 6 * SECOND) <= 1100000000);
	world_release(&w);
}

static void numbers_of_an_hourly_job(void **state)
{
	struct world w;

	run(&w, hourly_job, 10 * HOUR, 15);
	assert_int_equal(w.verdict, VERDICT_LEAK);
	assert_in_range(w.last.finding.step_size, 14, 18);
	assert_in_range(w.last.finding.period_ns, 3400 * SECOND, 3800 * SECOND);
	world_release(&w);
}

static void numbers_of_a_line(void **state)
{
	struct world w;
	const struct trend_finding *finding = &w.last.finding;

	run(&w, arrive_each_second, 300, 1);
	assert_true(finding->per_second > 0.9 && finding->per_second < 1.1);
	assert_true(finding->to > finding->from + 150);
	assert_true(finding->rises >= 4);
	assert_string_equal(w.last.stack->frames[0].function, "send_0");
	assert_string_equal(w.last.created_by->frames[0].function, "handle_0");
	world_release(&w);
}

/* Young, then sure; when it is over the score fades; when it is undone it is gone. */
static void score_over_time(void **state)
{
	struct world w;
	double before;

	run(&w, arrive_each_second, 45, 1);
	assert_int_equal(w.verdict, VERDICT_RECHECK);
	world_release(&w);
	run(&w, until_two_minutes, 119, 1);
	assert_int_equal(w.verdict, VERDICT_LEAK);
	before = w.last.finding.score;
	world_release(&w);
	run(&w, until_two_minutes, 170, 1);
	assert_true(w.verdict != VERDICT_LEAK && w.last.finding.score < before);
	world_release(&w);
	run(&w, until_two_minutes, 340, 1);
	assert_int_equal(w.verdict, VERDICT_NONE);
	world_release(&w);
}

static void what_slows_down_is_judged_again(void **state)
{
	struct world w;

	run(&w, saturating, 150, 1);
	assert_true(w.last.finding.slows);
	assert_int_equal(w.verdict, VERDICT_RECHECK);
	world_release(&w);
}

/* A snapshot with `count` tasks of one site; the first of them is `first`. */
static struct snapshot *picture(struct world *w, double seconds, uint32_t first,
				uint32_t count)
{
	struct snapshot *snapshot = snapshot_new();

	assert_non_null(snapshot);
	snapshot->mono_ns = (int64_t)(seconds * 1e9) + 1;
	snapshot->real_ns = snapshot->mono_ns;
	snapshot->target.pid = 4711;
	for (uint32_t i = 0; i < count; i++) {
		struct task *task = snapshot_add(snapshot);

		assert_non_null(task);
		task->id = first + i;
		task->kind = TASK_GOROUTINE;
		task->state = STATE_CHAN_RECV;
		task->stack = w->blocked[i % 2];
		task->created_by = w->creator[i % 2];
	}
	return snapshot;
}

/* One proven task among many that only climb comes first, whichever the proof is. */
static void proof_outranks_any_trend(void **state)
{
	static const struct {
		const char *raw, *sentence;
		uint32_t flags;
		enum proof proof;
	} proofs[] = {
		{"chan receive (nil chan)", "a nil channel", 0, PROOF_NIL_CHANNEL},
		{"chan receive (leaked)", "runtime reports", 0, PROOF_RUNTIME},
		{"chan receive", "Nothing alive can reach", TASK_UNREACHABLE,
		 PROOF_UNREACHABLE},
		{"semacquire", "In a deadlock", TASK_DEADLOCK, PROOF_DEADLOCK},
	};

	for (size_t i = 0; i < COUNT(proofs); i++) {
		struct world w;
		const struct leak *leak = NULL;
		struct snapshot *s = NULL;

		world_init(&w, 1, 0);
		for (int look = 0; look < 200; look++) {
			snapshot_unref(s);
			s = picture(&w, look, 10, 100 + 4 * (uint32_t)look);
			s->tasks[1].raw = proofs[i].raw;
			s->tasks[1].flags |= proofs[i].flags;
			grouping_update(w.grouping, s);
		}
		assert_int_equal(s->groups->nr_leaks, 2);
		leak = &s->groups->leaks[0];
		assert_int_equal(leak->finding.verdict, VERDICT_PROOF);
		assert_int_equal(leak->proofs, proofs[i].proof);
		assert_int_equal(leak->proven, 1);
		assert_string_equal(leak->stack->frames[0].function, "send_1");
		assert_contains(leak->evidence, proofs[i].sentence);
		assert_contains(leak->evidence, "This applies to 1 of");
		assert_int_equal(s->groups->leaks[1].finding.verdict, VERDICT_LEAK);
		snapshot_unref(s);
		world_release(&w);
	}
}

/* The first goroutine of a program may be parked on purpose. */
static void main_on_a_nil_channel_is_fine(void **state)
{
	struct world w;
	struct snapshot *s;

	world_init(&w, 1, 0);
	s = picture(&w, 0, 1, 1);
	s->tasks[0].raw = "chan receive (nil chan)";
	grouping_update(w.grouping, s);
	assert_int_equal(s->groups->nr_leaks, 0);
	snapshot_unref(s);
	world_release(&w);
}

static struct snapshot *climb(struct world *w, int looks, uint32_t from,
			      void (*add)(struct snapshot *, int look))
{
	struct snapshot *s = NULL;

	for (int look = 0; look < looks; look++) {
		snapshot_unref(s);
		s = picture(w, look, from, 20 + 4 * (uint32_t)look);
		if (add)
			add(s, look);
		grouping_update(w->grouping, s);
	}
	return s;
}

static void known_and_suppressed(void **state)
{
	struct world w;
	struct err e = {0};
	struct snapshot *s;

	world_init(&w, 1, 0);
	assert_int_equal(grouping_set_acknowledge(w.grouping, "fn:send_0\n", &e), 0);
	s = climb(&w, 100, 1, NULL);
	assert_int_equal(s->groups->nr_leaks, 1);
	assert_int_equal(s->groups->nr_known, 1);
	assert_string_equal(s->groups->leaks[0].stack->frames[0].function, "send_1");
	assert_string_equal(s->groups->known[0].stack->frames[0].function, "send_0");
	assert_contains(s->groups->known[0].evidence, "From ");
	snapshot_unref(s);
	grouping_reset(w.grouping);
	assert_int_equal(grouping_suppress(w.grouping, "fn:send_1", &e), 0);
	s = climb(&w, 100, 1, NULL);
	assert_int_equal(s->groups->nr_leaks, 0);
	assert_int_equal(s->groups->nr_known, 1);
	snapshot_unref(s);
	assert_int_equal(grouping_suppress(w.grouping, "fn~(", &e), ERR_USAGE);
	world_release(&w);
}

static struct figures memory;

static void with_memory(struct snapshot *s, int look)
{
	s->resources.rss_bytes = (int64_t)(100 + 2 * look) << 20;
	s->resources.limits[LIMIT_MEMORY] =
		(struct limit){s->resources.rss_bytes, 1024ll << 20};
	figures_update(&memory, s);
}

static void with_threads(struct snapshot *s, int look)
{
	s->resources.limits[LIMIT_PIDS] = (struct limit){(int64_t)s->nr_tasks, 4096};
	for (size_t i = 0; i < s->nr_tasks; i++)
		s->tasks[i].kind = TASK_THREAD;
}

static void time_to_the_limits(void **state)
{
	struct world w;
	struct snapshot *s;
	const struct leak *leak;

	world_init(&w, 1, 0);
	figures_init(&memory);
	s = climb(&w, 200, 1, with_memory);
	leak = &s->groups->leaks[0];
	/* 2 MB a second to 1,024 MB, from 498. */
	assert_contains(leak->limit, "1024 MB of memory");
	assert_in_range(leak->limit_ns, 240 * SECOND, 290 * SECOND);
	assert_contains(leak->evidence, "At this rate it reaches the limit of 1024 MB");
	snapshot_unref(s);
	grouping_reset(w.grouping);
	s = climb(&w, 200, 1, with_threads);
	leak = &s->groups->leaks[0];
	/* Half of 4 a second is this site's: (4096 - 816) / 2. */
	assert_contains(leak->limit, "4096 threads");
	assert_in_range(leak->limit_ns, 1500 * SECOND, 1800 * SECOND);
	snapshot_unref(s);
	world_release(&w);
}

/* Behind a URL only the ids say that the process is another one. */
static void goroutines_that_count_anew(void **state)
{
	struct world w;
	struct snapshot *s = NULL;

	world_init(&w, 1, 0);
	for (int look = 0; look < 100; look++) {
		snapshot_unref(s);
		s = picture(&w, look, 100000 + 10 * (uint32_t)look, 200);
		s->target.pid = 0;
		grouping_update(w.grouping, s);
	}
	assert_int_equal(s->groups->watched_ns, 99 * SECOND);
	snapshot_unref(s);
	s = picture(&w, 100, 1, 150);
	s->target.pid = 0;
	grouping_update(w.grouping, s);
	assert_int_equal(s->groups->watched_ns, 0);
	snapshot_unref(s);
	/* Most of the old ones end, but the count does not start over. */
	for (int look = 101; look < 110; look++) {
		s = picture(&w, look, 100 + 5 * (uint32_t)look, 30);
		s->target.pid = 0;
		grouping_update(w.grouping, s);
		assert_int_equal(s->groups->watched_ns, (look - 100) * SECOND);
		snapshot_unref(s);
	}
	world_release(&w);
}

/* A label for each request: the groups stay, the texts do not fill up, copies stay whole. */
static void labels_without_end(void **state)
{
	struct world w;
	struct snapshot *s = NULL, *kept = NULL;
	char text[120];

	world_init(&w, 1, 0);
	for (uint32_t look = 0; look < 120; look++) {
		snapshot_unref(s);
		s = picture(&w, look, 1 + 500 * look, 1000);
		for (size_t i = 0; i < s->nr_tasks; i++) {
			struct label *label = arena_alloc(&s->arena, sizeof(*label));

			snprintf(text, sizeof(text), "/orders/%0100u",
				 (unsigned)s->tasks[i].id);
			*label = (struct label){
				"request", arena_strndup(&s->arena, text, sizeof(text))};
			s->tasks[i].labels = label;
			s->tasks[i].nr_labels = 1;
		}
		grouping_update(w.grouping, s);
		assert_int_equal(s->groups->others[GROUP_LABEL], 0);
		if (look == 1)
			kept = snapshot_ref(s);
	}
	assert_true(s->groups->count[GROUP_LABEL] >= 1000);
	for (size_t i = 0; i < s->groups->count[GROUP_LABEL]; i++)
		assert_memory_equal(s->groups->list[GROUP_LABEL][i].label_text,
				    "/orders/", 8);
	for (size_t i = 0; i < kept->groups->count[GROUP_LABEL]; i++)
		assert_memory_equal(kept->groups->list[GROUP_LABEL][i].label_text,
				    "/orders/0", 9);
	snapshot_unref(kept);
	snapshot_unref(s);
	world_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_of_steps),
		cmocka_unit_test(times_of_steps),
		cmocka_unit_test(numbers_of_an_hourly_job),
		cmocka_unit_test(numbers_of_a_line),
		cmocka_unit_test(score_over_time),
		cmocka_unit_test(what_slows_down_is_judged_again),
		cmocka_unit_test(proof_outranks_any_trend),
		cmocka_unit_test(main_on_a_nil_channel_is_fine),
		cmocka_unit_test(known_and_suppressed),
		cmocka_unit_test(time_to_the_limits),
		cmocka_unit_test(goroutines_that_count_anew),
		cmocka_unit_test(labels_without_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
