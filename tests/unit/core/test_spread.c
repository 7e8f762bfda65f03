/* SPDX-License-Identifier: MIT */
/* In which processes the tasks of a leak or group are, in few words. */
#include "unit.h"

#include "core/spread.h"

#define PROCESSES 6

static struct member_process members[PROCESSES];
static struct task tasks[16];
static struct snapshot snapshot = {.members = members, .tasks = tasks};

/* Gives each process this number of tasks; all are in one group. */
static void make(const int counts[PROCESSES])
{
	snapshot.nr_members = PROCESSES;
	snapshot.nr_tasks = 0;
	for (int i = 0; i < PROCESSES; i++) {
		members[i].pid = 4711 + i;
		members[i].name = i < 4 ? "api" : "worker";
		for (int n = 0; n < counts[i]; n++)
			tasks[snapshot.nr_tasks++] = (struct task){.state = STATE_MUTEX,
								   .pid = members[i].pid};
	}
}

static void expect(const int counts[PROCESSES], const char *wanted)
{
	struct group group = {.by = GROUP_STATE, .state = STATE_MUTEX};
	struct leak leak = {.state = STATE_MUTEX};
	char text[SPREAD_TEXT_MAX];

	make(counts);
	assert_string_equal(spread_group_text(&snapshot, &group, text), wanted);
	assert_string_equal(spread_leak_text(&snapshot, &leak, text), wanted);
}

static void is_said_shortly(void **state)
{
	expect((const int[]){0, 0, 0, 0, 2, 0}, "in worker 4715");
	expect((const int[]){1, 0, 0, 0, 2, 0},
	       "in 2 of 6 processes: worker 4715, api 4711");
	expect((const int[]){1, 2, 3, 1, 2, 1},
	       "in 6 of 6 processes: api 4713, api 4712, worker 4715 and 3 more");
	expect((const int[]){0, 0, 0, 0, 0, 0}, "");
}

static void one_process_needs_no_words(void **state)
{
	struct leak leak = {.state = STATE_MUTEX};
	char text[SPREAD_TEXT_MAX];

	make((const int[]){3, 0, 0, 0, 0, 0});
	snapshot.nr_members = 0;
	assert_string_equal(spread_leak_text(&snapshot, &leak, text), "");
}

static void tasks_are_counted(void **state)
{
	struct leak leak = {.state = STATE_MUTEX};
	uint32_t counts[PROCESSES];

	make((const int[]){3, 0, 1, 0, 0, 0});
	tasks[0].state = STATE_SELECT;
	tasks[1].pid = 1; /* of no process */
	assert_int_equal(spread_of_leak(&snapshot, &leak, counts), 2);
	assert_int_equal(counts[0], 1);
	assert_int_equal(counts[2], 1);
}

int main(void)
{
	const struct CMUnitTest tests_of_spread[] = {
		cmocka_unit_test(is_said_shortly),
		cmocka_unit_test(one_process_needs_no_words),
		cmocka_unit_test(tasks_are_counted),
	};

	return cmocka_run_group_tests(tests_of_spread, NULL, NULL);
}
