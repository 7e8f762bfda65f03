/* SPDX-License-Identifier: MIT */
/* What a record of core/track keeps in few bytes: times, the number of a sample, and what few
 * tasks have. */
#include "unit.h"

#include "core/track.h"

#define MS      (SECOND / 1000)
#define WRAP_MS (1ll << 32) /* where a shortened time begins again */

static int set_up(void **state)
{
	*state = track_new();
	return *state ? 0 : -1;
}

static int tear_down(void **state)
{
	track_free(*state);
	return 0;
}

static struct task waiting(uint64_t id)
{
	struct task task = {.id = id,
			    .kind = TASK_GOROUTINE,
			    .state = STATE_MUTEX,
			    .name = "w",
			    .waits.fd = -1};

	return task;
}

/* Updates with one or two tasks. The caller frees the snapshot. */
static struct snapshot *update(struct track *track, int64_t at_ns, bool both)
{
	struct snapshot *snapshot = snapshot_new();

	snapshot->mono_ns = at_ns;
	*snapshot_add(snapshot) = waiting(1);
	if (both)
		*snapshot_add(snapshot) = waiting(2);
	assert_int_equal(track_update(track, snapshot, NULL), 0);
	return snapshot;
}

/* Confirms this evidence of the first task, and returns its flags. */
static uint32_t confirm(struct track *track, int64_t at_ns, struct evidence evidence)
{
	struct snapshot *snapshot = update(track, at_ns, false);
	struct task *task = &snapshot->tasks[0];
	uint32_t flags;

	task->flags |= TASK_STUCK;
	task->evidence = evidence;
	track_confirm_begin(track);
	track_confirm(track, 0, task);
	track_confirm_end(track);
	flags = task->flags;
	snapshot_unref(snapshot);
	return flags;
}

static void two_samples_at_any_time(void **state)
{
	static const struct evidence held = {WHY_HELD, 0, 0};
	struct track *track = *state;

	for (int64_t at_ms = -30; at_ms <= 30; at_ms++) {
		int64_t first_ns = (WRAP_MS + at_ms) * MS;

		assert_false(confirm(track, first_ns, held) & TASK_STUCK);
		assert_false(confirm(track, first_ns + 10 * MS, held) & TASK_STUCK);
		assert_true(confirm(track, first_ns + 22 * MS, held) & TASK_STUCK);
		track_reset(track);
	}
}

static void evidence_stays_whole(void **state)
{
	static const struct evidence kinds[] = {{WHY_HISTORY, 9, 3 * SECOND},
						{WHY_SHARED, 4, 0},
						{WHY_COUNTED, 7, 2 * SECOND},
						{WHY_NOTHING, 0, 0}};
	struct track *track = *state;

	for (int64_t i = 0; i < 8; i++) {
		const struct evidence *kind = &kinds[i % 4];
		struct snapshot *snapshot;

		confirm(track, (1 + i) * SECOND, *kind);
		snapshot = update(track, (1 + i) * SECOND + MS, false);
		assert_int_equal(snapshot->tasks[0].evidence.why, kind->why);
		assert_int_equal(snapshot->tasks[0].evidence.number, kind->number);
		assert_int_equal(snapshot->tasks[0].evidence.most_ns, kind->most_ns);
		snapshot_unref(snapshot);
	}
}

/* However many samples a task is away, it is new when it returns. */
static void samples_are_counted_from_0_again(void **state)
{
	struct track *track = *state;
	int64_t at_ns = SECOND;

	for (unsigned away = 250; away < 260; away++) {
		struct snapshot *snapshot = update(track, at_ns++, true);

		assert_true(away == 250 || (snapshot->tasks[1].flags & TASK_NEW));
		assert_false(snapshot->tasks[0].flags & TASK_NEW);
		snapshot_unref(snapshot);
		for (unsigned i = 0; i <= away; i++)
			snapshot_unref(update(track, at_ns++, false));
	}
}

#define test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(two_samples_at_any_time),
		test(evidence_stays_whole),
		test(samples_are_counted_from_0_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
