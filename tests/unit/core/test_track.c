/* SPDX-License-Identifier: MIT */
/* core/track with a clock of its own: ages, the two samples, history, memory. */
#include "unit.h"

#include <pthread.h>

#include "core/stack.h"
#include "core/track.h"
#include "core/verdict.h"

#define START (1000 * SECOND)

/* One target that the test changes between samples. */
struct bench {
	struct track *track;
	struct verdicts *verdicts;
	struct snapshot *snapshot; /* the last sample */
	int64_t now_ns;
};

static int set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	struct thresholds rule;

	thresholds_init(&rule);
	bench->track = track_new();
	bench->verdicts = verdicts_new(&rule);
	bench->now_ns = START;
	*state = bench;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *bench = *state;

	track_free(bench->track);
	verdicts_free(bench->verdicts);
	snapshot_unref(bench->snapshot);
	free(bench);
	return 0;
}

static void look_with(struct bench *bench, int64_t at_ns, const struct task *tasks,
		      size_t count)
{
	snapshot_unref(bench->snapshot);
	bench->snapshot = snapshot_new();
	bench->snapshot->mono_ns = bench->now_ns = at_ns;
	for (size_t i = 0; i < count; i++)
		*snapshot_add(bench->snapshot) = tasks[i];
	assert_int_equal(track_update(bench->track, bench->snapshot, NULL), 0);
	verdicts_update(bench->verdicts, bench->track, bench->snapshot);
}

/* One sample of one task, `at` seconds after the start. */
static const struct task *look(struct bench *bench, double at, struct task task)
{
	look_with(bench, START + (int64_t)(at * 1e9), &task, 1);
	return &bench->snapshot->tasks[0];
}

static struct task in_state(enum task_state state)
{
	struct task task = {
		.id = 7, .serial = 1, .state = state, .name = "w", .waits.fd = -1};

	return task;
}

static double age(const struct bench *bench)
{
	return (double)task_age_ns(&bench->snapshot->tasks[0], bench->now_ns) / 1e9;
}

#define assert_age(bench, seconds)                                                       \
	assert_true(age(bench) > (seconds)-0.001 && age(bench) < (seconds) + 0.001)

static void first_seen_is_at_least(void **state)
{
	struct bench *bench = *state;
	const struct task *task = look(bench, 0, in_state(STATE_MUTEX));

	assert_age(bench, 0);
	assert_false(task->flags & TASK_AGE_EXACT);
	assert_false(task->flags & TASK_NEW);
	task = look(bench, 3, in_state(STATE_MUTEX));
	assert_age(bench, 3);
	assert_false(task->flags & TASK_AGE_EXACT);
}

static void begun_while_watched_is_exact(void **state)
{
	struct bench *bench = *state;
	const struct task *task;

	look(bench, 0, in_state(STATE_RUNNING));
	task = look(bench, 1, in_state(STATE_MUTEX));
	assert_true(task->flags & TASK_AGE_EXACT);
	assert_age(bench, 0);
	task = look(bench, 5, in_state(STATE_MUTEX));
	assert_age(bench, 4);
	assert_true(task->flags & TASK_AGE_EXACT);
}

static void another_object_is_another_wait(void **state)
{
	struct bench *bench = *state;
	struct task task = in_state(STATE_MUTEX);

	task.waits.address = 0x1000;
	look(bench, 0, task);
	look(bench, 5, task);
	assert_age(bench, 5);
	task.waits.address = 0x2000;
	look(bench, 6, task);
	assert_age(bench, 0);
	/* The same goes for the descriptor of a read. */
	task = in_state(STATE_IO_READ);
	task.waits.fd = 3;
	look(bench, 7, task);
	look(bench, 9, task);
	assert_age(bench, 2);
	task.waits.fd = 4;
	look(bench, 10, task);
	assert_age(bench, 0);
}

static void another_place_is_another_wait(void **state)
{
	struct stack_table *stacks = stack_table_new(10);
	struct bench *bench = *state;
	struct frame frames[5];
	struct task task = in_state(STATE_COND);
	const struct stack *whole;

	memset(frames, 0, sizeof(frames));
	for (uint64_t i = 0; i < 5; i++)
		frames[i].address = 0x1000 + i;
	task.stack = whole = stack_intern(stacks, frames, 5, false);
	look(bench, 0, task);
	/* Far from the innermost frames stacks may be read differently. */
	task.stack = stack_intern(stacks, frames, 4, false);
	assert_ptr_not_equal(task.stack, whole);
	look(bench, 1, task);
	assert_age(bench, 1);
	/* A stack that could not be read says nothing. */
	task.stack = NULL;
	look(bench, 2, task);
	assert_age(bench, 2);
	task.stack = whole;
	look(bench, 3, task);
	assert_age(bench, 3);
	frames[2].address = 0x9999;
	task.stack = stack_intern(stacks, frames, 5, false);
	look(bench, 4, task);
	assert_age(bench, 0);
	stack_table_free(stacks);
}

/* A loop of short waits at one place is not one long wait. */
static void a_thread_that_switched_was_awake(void **state)
{
	struct bench *bench = *state;
	struct task task = in_state(STATE_COND);

	for (int i = 0; i < 30; i++) {
		task.switches = 100 + (uint64_t)i;
		assert_false(look(bench, i, task)->flags & (TASK_STUCK | TASK_LONG));
		assert_age(bench, 0);
	}
	/* 0 is not known, and says nothing. */
	task.switches = 0;
	look(bench, 31, task);
	look(bench, 33, task);
	assert_age(bench, 4);
	/* A thread that runs switches all the time, and is still running. */
	task = in_state(STATE_RUNNING);
	task.switches = 1;
	look(bench, 40, task);
	task.switches = 2;
	look(bench, 41, task);
	assert_age(bench, 1);
}

/* A thread that wakes up once a second to check a condition has waited all the time; one
 * that continued and came back has switched more often. This needs a known place. */
static void turns_of_one_wait(void **state)
{
	struct bench *bench = *state;
	struct stack_table *stacks = stack_table_new(10);
	struct frame frame = {.function = "ObjectMonitor::enter", .address = 0x1000};
	struct task task = in_state(STATE_MUTEX);

	task.stack = stack_intern(stacks, &frame, 1, false);
	task.waits.retries = true;
	task.switches = 100;
	look(bench, 0, task);
	for (int i = 1; i <= 20; i++) {
		task.switches++;
		look(bench, i, task);
		assert_age(bench, i);
	}
	assert_true(look(bench, 21, task)->flags & TASK_STUCK);
	task.switches += 4;
	assert_false(look(bench, 22, task)->flags & TASK_STUCK);
	assert_age(bench, 0);
	task.switches += 1;
	look(bench, 23, task);
	assert_age(bench, 1);
	/* For good this time, not in turns. */
	task.waits.retries = false;
	task.switches += 1;
	look(bench, 24, task);
	assert_age(bench, 0);
	task.waits.retries = true;
	task.switches += 1;
	look(bench, 25, task);
	assert_age(bench, 0);
	stack_table_free(stacks);
}

/* On a busy machine it is sampled while it checks the condition: that is still the same
 * wait. A thread that is at another place then, or has been awake more often, has
 * continued. */
static void turns_that_are_seen(void **state)
{
	struct bench *bench = *state;
	struct stack_table *stacks = stack_table_new(10);
	struct frame frame = {.function = "ObjectMonitor::enter", .address = 0x1000};
	struct task waits = in_state(STATE_MUTEX), awake = in_state(STATE_RUNNABLE);

	waits.stack = stack_intern(stacks, &frame, 1, false);
	waits.waits.retries = true;
	waits.switches = awake.switches = 100;
	for (int i = 0; i < 12; i++)
		look(bench, i, waits);
	assert_true(look(bench, 12, waits)->flags & TASK_STUCK);
	look(bench, 13, awake);
	awake.state = STATE_RUNNING;
	assert_false(look(bench, 14, awake)->flags & TASK_STUCK);
	waits.switches += 3;
	assert_true(look(bench, 15, waits)->flags & TASK_STUCK);
	assert_age(bench, 15);
	awake.switches = waits.switches;
	look(bench, 16, awake);
	waits.switches += 9;
	assert_false(look(bench, 17, waits)->flags & TASK_STUCK);
	assert_age(bench, 0);
	look(bench, 18, awake);
	waits.waits.address = 0x7777;
	look(bench, 19, waits);
	assert_age(bench, 0);
	stack_table_free(stacks);
}

/* A sample that was taken in the middle of a change is ignored. */
static void suspect_samples(void **state)
{
	struct bench *bench = *state;
	struct task task = in_state(STATE_MUTEX);

	for (int i = 0; i < 10; i++)
		look(bench, i, task);
	task.flags = TASK_SUSPECT;
	assert_false(look(bench, 11, task)->flags & TASK_STUCK);
	task.flags = 0;
	assert_false(look(bench, 12, task)->flags & TASK_STUCK);
	task.flags = TASK_SUSPECT;
	assert_false(look(bench, 13, task)->flags & TASK_STUCK);
	task.flags = 0;
	assert_true(look(bench, 14, task)->flags & TASK_STUCK);
	task.flags = TASK_SUSPECT;
	assert_true(look(bench, 15, task)->flags & TASK_STUCK);
}

static void the_source_knows_better(void **state)
{
	struct bench *bench = *state;
	struct task task = in_state(STATE_CHAN_SEND);
	const struct task *seen;

	task.since_ns = START - 50 * SECOND;
	task.flags = TASK_AGE_EXACT;
	seen = look(bench, 0, task);
	assert_age(bench, 50);
	assert_true(seen->flags & TASK_AGE_EXACT);
	/* The source may lose it again. */
	task.since_ns = 0;
	task.flags = 0;
	seen = look(bench, 1, task);
	assert_age(bench, 51);
	assert_true(seen->flags & TASK_AGE_EXACT);
	/* A later beginning at the same place is another wait. */
	task.since_ns = START + SECOND / 2;
	task.flags = TASK_AGE_EXACT;
	look(bench, 2, task);
	assert_age(bench, 1.5);
	/* But not a coarse clock's tick: ages never go back in one wait. */
	task.since_ns += 4000000;
	look(bench, 3, task);
	assert_age(bench, 2.5);
}

static void first_seen_then_known(void **state)
{
	struct bench *bench = *state;
	struct task task = in_state(STATE_CHAN_SEND);

	look(bench, 0, task);
	task.since_ns = START - 20 * SECOND;
	task.flags = TASK_AGE_EXACT;
	assert_true(look(bench, 1, task)->flags & TASK_AGE_EXACT);
	assert_age(bench, 21);
}

static void clocks_out_of_order(void **state)
{
	struct bench *bench = *state;
	struct task task = in_state(STATE_MUTEX);

	task.since_ns = INT64_MAX;
	task.flags = TASK_AGE_EXACT;
	look(bench, 0, task);
	assert_age(bench, 0);
	assert_true(bench->snapshot->tasks[0].since_ns == START);
	task.since_ns = INT64_MIN;
	look(bench, 1, task);
	assert_true(bench->snapshot->tasks[0].since_ns > 0);
	/* A sample that is dated before the last one. */
	look(bench, 0.5, in_state(STATE_COND));
	assert_true(bench->snapshot->tasks[0].since_ns == START + SECOND);
}

static uint32_t verdict(const struct task *task)
{
	return task->flags & (TASK_STUCK | TASK_LONG);
}

static void stuck_needs_two_samples(void **state)
{
	struct bench *bench = *state;

	for (int at = 0; at <= 5; at++)
		assert_int_equal(verdict(look(bench, at, in_state(STATE_MUTEX))), 0);
	for (int at = 6; at <= 10; at++)
		assert_int_equal(verdict(look(bench, at, in_state(STATE_MUTEX))), 0);
	assert_int_equal(verdict(look(bench, 11, in_state(STATE_MUTEX))), TASK_STUCK);
	assert_int_equal(bench->snapshot->counts.stuck, 1);
	assert_int_equal(bench->snapshot->counts.stuck_by_class[CLASS_LOCK], 1);
	/* It moves on. */
	assert_int_equal(verdict(look(bench, 12, in_state(STATE_RUNNING))), 0);
	assert_int_equal(bench->snapshot->counts.stuck, 0);
	assert_int_equal(verdict(look(bench, 13, in_state(STATE_MUTEX))), 0);
}

static void an_old_wait_is_stuck_in_the_second_sample(void **state)
{
	struct bench *bench = *state;
	struct task task = in_state(STATE_CHAN_SEND);

	task.since_ns = START - 100 * SECOND;
	task.flags = TASK_AGE_EXACT;
	assert_int_equal(verdict(look(bench, 0, task)), 0);
	/* Samples that are too close together count as one. */
	assert_int_equal(verdict(look(bench, 0.010, task)), 0);
	assert_int_equal(verdict(look(bench, 0.019, task)), 0);
	assert_int_equal(verdict(look(bench, 0.020, task)), TASK_STUCK);
	assert_int_equal(verdict(look(bench, 0.021, task)), TASK_STUCK);
}

/* Samples that the kernel contradicts; suspect_samples has those that are only blurred. */
static void doubt_begins_anew(void **state)
{
	struct bench *bench = *state;
	struct task task = in_state(STATE_CHAN_SEND);

	task.since_ns = START - 100 * SECOND;
	task.flags = TASK_AGE_EXACT;
	look(bench, 1, task);
	assert_int_equal(verdict(look(bench, 2, task)), TASK_STUCK);
	task.flags = TASK_AGE_EXACT | TASK_STALE;
	assert_int_equal(verdict(look(bench, 3, task)), 0);
	task.flags = TASK_AGE_EXACT;
	assert_int_equal(verdict(look(bench, 4, task)), 0);
}

static void idle_is_stuck_only_by_name(void **state)
{
	struct bench *bench = *state;
	struct task task = in_state(STATE_POLL);
	struct thresholds rule;
	const struct task *seen;

	task.since_ns = START - 900 * SECOND;
	look(bench, 0, task);
	seen = look(bench, 1, task);
	assert_int_equal(verdict(seen), 0);
	assert_true(seen->flags & TASK_IDLE);
	assert_int_equal(thresholds_parse(&rule, "poll=1m", NULL), 0);
	verdicts_set_thresholds(bench->verdicts, &rule);
	assert_int_equal(verdict(look(bench, 2, task)), 0);
	seen = look(bench, 3, task);
	assert_int_equal(verdict(seen), TASK_STUCK);
	assert_true(seen->flags & TASK_IDLE);
	/* Switched off again. */
	assert_int_equal(thresholds_parse(&rule, "never", NULL), 0);
	verdicts_set_thresholds(bench->verdicts, &rule);
	assert_int_equal(verdict(look(bench, 4, task)), 0);
}

static void what_does_not_block_is_never_stuck(void **state)
{
	static const enum task_state states[] = {STATE_RUNNING, STATE_STOPPED,
						 STATE_UNKNOWN};
	struct bench *bench = *state;
	struct thresholds rule = {0};

	for (int i = 0; i < STATE_COUNT; i++)
		rule.threshold_ns[i] = 0;
	verdicts_set_thresholds(bench->verdicts, &rule);
	for (size_t i = 0; i < COUNT(states); i++)
		for (int at = 0; at < 4; at++)
			assert_int_equal(verdict(look(bench, (double)i * 10 + at,
						      in_state(states[i]))),
					 0);
	look(bench, 100, in_state(STATE_MUTEX));
	assert_int_equal(verdict(look(bench, 101, in_state(STATE_MUTEX))), TASK_STUCK);
}

static void flags_of_a_source_do_not_pass(void **state)
{
	struct bench *bench = *state;
	struct task task = in_state((enum task_state)12345);

	task.flags = TASK_STUCK | TASK_LONG | TASK_NEW | TASK_IDLE;
	assert_int_equal(look(bench, 0, task)->flags, 0);
	assert_int_equal(bench->snapshot->tasks[0].state, STATE_UNKNOWN);
}

static void new_tasks_are_marked_once(void **state)
{
	struct bench *bench = *state;
	struct task tasks[3] = {in_state(STATE_MUTEX), in_state(STATE_MUTEX),
				in_state(STATE_MUTEX)};

	tasks[1].id = 8;
	tasks[2].serial = 2; /* a reused id */
	look_with(bench, START, tasks, 1);
	look_with(bench, START + SECOND, tasks, 3);
	assert_false(bench->snapshot->tasks[0].flags & TASK_NEW);
	assert_true(bench->snapshot->tasks[1].flags & TASK_NEW);
	assert_true(bench->snapshot->tasks[2].flags & TASK_NEW);
	/* A task that was not there the second before began its wait while watched. */
	assert_true(bench->snapshot->tasks[1].flags & TASK_AGE_EXACT);
	look_with(bench, START + 2 * SECOND, tasks, 3);
	assert_false(bench->snapshot->tasks[1].flags & TASK_NEW);
	/* The same number of another kind is another task. */
	tasks[0].kind = TASK_COROUTINE;
	look_with(bench, START + 3 * SECOND, tasks, 3);
	assert_true(bench->snapshot->tasks[0].flags & TASK_NEW);
}

static size_t history(struct bench *bench, struct history_entry *out)
{
	return track_history(bench->track, TASK_THREAD, 7, 1, out, TRACK_HISTORY_MAX);
}

static void history_is_newest_first(void **state)
{
	struct history_entry out[TRACK_HISTORY_MAX];
	struct bench *bench = *state;
	struct task task = in_state(STATE_MUTEX);

	assert_int_equal(history(bench, out), 0);
	task.waits.address = 0x1000;
	look(bench, 0, task);
	assert_int_equal(history(bench, out), 1);
	look(bench, 1, in_state(STATE_RUNNING));
	look(bench, 2, in_state(STATE_COND));
	look(bench, 3, in_state(STATE_COND));
	assert_int_equal(history(bench, out), 3);
	assert_int_equal(out[0].state, STATE_COND);
	assert_true(out[0].since_ns == START + 2 * SECOND);
	assert_int_equal(out[1].state, STATE_RUNNING);
	assert_int_equal(out[2].state, STATE_MUTEX);
	assert_true(out[2].since_ns == START);
	assert_int_equal(out[2].object, 0x1000);
	assert_int_equal(track_history(bench->track, TASK_THREAD, 7, 1, out, 2), 2);
	assert_int_equal(track_history(bench->track, TASK_THREAD, 7, 1, out, 0), 0);
	assert_int_equal(track_history(bench->track, TASK_THREAD, 7, 2, out, 9), 0);
	assert_int_equal(track_history(bench->track, TASK_COROUTINE, 7, 1, out, 9), 0);
}

static void history_is_a_ring(void **state)
{
	struct history_entry out[100];
	struct bench *bench = *state;

	for (int at = 0; at < 100; at++) {
		size_t n;

		look(bench, at, in_state(at % 2 ? STATE_MUTEX : STATE_COND));
		n = track_history(bench->track, TASK_THREAD, 7, 1, out, COUNT(out));
		assert_int_equal(n, at < TRACK_HISTORY_MAX ? at + 1 : TRACK_HISTORY_MAX);
		for (size_t i = 0; i < n; i++) {
			assert_true(out[i].since_ns == START + (at - (int)i) * SECOND);
			assert_int_equal(out[i].state,
					 (at - (int)i) % 2 ? STATE_MUTEX : STATE_COND);
		}
	}
}

/* Records of vanished tasks go, those of others stay, whatever the order. */
static void tasks_come_and_go(void **state)
{
	enum { TASKS = 3000 };
	struct bench *bench = *state;
	struct task *tasks = calloc(TASKS, sizeof(*tasks));
	struct history_entry out[2];

	for (int round = 0; round < 8; round++) {
		size_t n = 0;

		/* Each round another third is missing, and the order turns around. */
		for (uint64_t i = 0; i < TASKS; i++) {
			uint64_t id = round % 2 ? TASKS - 1 - i : i;

			if (id % 3 == (unsigned int)round % 3)
				continue;
			tasks[n] = in_state(STATE_MUTEX);
			tasks[n++].id = id;
		}
		look_with(bench, START + round * SECOND, tasks, n);
		for (size_t i = 0; i < n; i++) {
			const struct task *task = &bench->snapshot->tasks[i];
			bool back = round > 0 &&
				    task->id % 3 == (unsigned int)(round - 1) % 3;

			assert_int_equal((task->flags & TASK_NEW) != 0, back);
			/* Present in two rounds of three: missing in the next after that. */
			assert_true(task_age_ns(task, bench->now_ns) ==
				    (back || round == 0 ? 0 : SECOND));
		}
	}
	look_with(bench, START + 20 * SECOND, tasks, 1);
	assert_int_equal(track_history(bench->track, TASK_THREAD, tasks[1].id, 1, out, 2),
			 0);
	assert_int_equal(track_history(bench->track, TASK_THREAD, tasks[0].id, 1, out, 2),
			 1);
	look_with(bench, START + 21 * SECOND, tasks, 0);
	assert_int_equal(track_history(bench->track, TASK_THREAD, tasks[0].id, 1, out, 2),
			 0);
	free(tasks);
}

/* A source that is confused, or hostile, names one task twice. */
/* However many there are in the first sample, whose room is allocated at once. */
static void a_peak_of_any_size_passes(void **state)
{
	static const size_t peaks[] = {257, 500, 529, 1000, 1031, 4099, 9999};
	enum { MOST = 9999 };
	struct task *tasks = calloc(MOST, sizeof(*tasks));
	struct thresholds rule;

	(void)state;
	assert_non_null(tasks);
	thresholds_init(&rule);
	for (size_t i = 0; i < MOST; i++) {
		tasks[i] = in_state(STATE_MUTEX);
		tasks[i].id = i + 1;
	}
	for (size_t i = 0; i < COUNT(peaks); i++) {
		struct bench bench = {.track = track_new(),
				      .verdicts = verdicts_new(&rule)};

		/* Down in steps: at each the memory may shrink. */
		for (size_t left = peaks[i], at = 0; left > 0; left /= 3, at++) {
			look_with(&bench, START + (int64_t)at * SECOND, tasks, left);
			assert_int_equal(task_age_ns(&bench.snapshot->tasks[left - 1],
						     bench.now_ns),
					 at * SECOND);
		}
		track_free(bench.track);
		verdicts_free(bench.verdicts);
		snapshot_unref(bench.snapshot);
	}
	free(tasks);
}

static void twins_do_no_harm(void **state)
{
	struct bench *bench = *state;
	struct task tasks[4] = {in_state(STATE_MUTEX), in_state(STATE_COND),
				in_state(STATE_MUTEX), in_state(STATE_COND)};

	for (int at = 0; at < 20; at++)
		look_with(bench, START + at * SECOND, tasks, 4);
	assert_int_equal(bench->snapshot->counts.tasks, 4);
	assert_int_equal(bench->snapshot->counts.stuck, 0);
}

static void *read_history(void *arg)
{
	struct history_entry out[TRACK_HISTORY_MAX];
	size_t longest = 0;

	for (int i = 0; i < 20000; i++) {
		size_t n = track_history(arg, TASK_THREAD, 7, 1, out, TRACK_HISTORY_MAX);

		/* Time runs backwards from the newest, whole entries only. */
		for (size_t k = 1; k < n; k++)
			if (out[k].since_ns >= out[k - 1].since_ns)
				return NULL;
		longest = n > longest ? n : longest;
	}
	return arg;
}

static void history_is_read_by_another_thread(void **state)
{
	struct bench *bench = *state;
	pthread_t thread;
	void *fine;

	look(bench, 0, in_state(STATE_MUTEX));
	pthread_create(&thread, NULL, read_history, bench->track);
	for (int at = 1; at < 2000; at++)
		look(bench, at, in_state(at % 2 ? STATE_MUTEX : STATE_COND));
	pthread_join(thread, &fine);
	assert_ptr_equal(fine, bench->track);
}

#define test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(first_seen_is_at_least),
		test(begun_while_watched_is_exact),
		test(another_object_is_another_wait),
		test(another_place_is_another_wait),
		test(a_thread_that_switched_was_awake),
		test(turns_of_one_wait),
		test(turns_that_are_seen),
		test(suspect_samples),
		test(the_source_knows_better),
		test(first_seen_then_known),
		test(clocks_out_of_order),
		test(stuck_needs_two_samples),
		test(an_old_wait_is_stuck_in_the_second_sample),
		test(doubt_begins_anew),
		test(idle_is_stuck_only_by_name),
		test(what_does_not_block_is_never_stuck),
		test(flags_of_a_source_do_not_pass),
		test(new_tasks_are_marked_once),
		test(history_is_newest_first),
		test(history_is_a_ring),
		test(tasks_come_and_go),
		cmocka_unit_test(a_peak_of_any_size_passes),
		test(twins_do_no_harm),
		test(history_is_read_by_another_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
