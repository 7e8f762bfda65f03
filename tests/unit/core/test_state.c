/* SPDX-License-Identifier: MIT */
/* core/state: the table agrees with the wire numbers of grmon.h and with itself. */
#include "unit.h"

#include <ctype.h>

#include "core/settings.h"
#include "core/state.h"
#include "grmon.h"

static void numbers_are_those_of_the_agent(void **state)
{
	static const struct {
		int ours, theirs;
	} pairs[] = {
		{STATE_CHAN_SEND, GRMON_CHAN_SEND},
		{STATE_CHAN_RECV, GRMON_CHAN_RECV},
		{STATE_SELECT, GRMON_SELECT},
		{STATE_MUTEX, GRMON_MUTEX},
		{STATE_RWLOCK_READ, GRMON_RWLOCK_READ},
		{STATE_RWLOCK_WRITE, GRMON_RWLOCK_WRITE},
		{STATE_COND, GRMON_COND},
		{STATE_SEMAPHORE, GRMON_SEMAPHORE},
		{STATE_BARRIER, GRMON_BARRIER},
		{STATE_WAITGROUP, GRMON_WAITGROUP},
		{STATE_JOIN, GRMON_JOIN},
		{STATE_FUTEX, GRMON_FUTEX},
		{STATE_IO_READ, GRMON_IO_READ},
		{STATE_IO_WRITE, GRMON_IO_WRITE},
		{STATE_ACCEPT, GRMON_ACCEPT},
		{STATE_CONNECT, GRMON_CONNECT},
		{STATE_POLL, GRMON_POLL},
		{STATE_DISK, GRMON_DISK},
		{STATE_FLOCK, GRMON_FLOCK},
		{STATE_FSYNC, GRMON_FSYNC},
		{STATE_DNS, GRMON_DNS},
		{STATE_SLEEP, GRMON_SLEEP},
		{STATE_WAIT_CHILD, GRMON_WAIT_CHILD},
		{STATE_SIGNAL_WAIT, GRMON_SIGNAL_WAIT},
	};

	assert_int_equal(COUNT(pairs), GRMON_STATE_LAST_WAIT);
	for (size_t i = 0; i < COUNT(pairs); i++) {
		assert_int_equal(pairs[i].ours, pairs[i].theirs);
		assert_int_equal(pairs[i].ours, i + 1);
	}
}

static void names_are_unique_and_found(void **state)
{
	for (int i = 0; i < STATE_COUNT; i++) {
		const struct state_info *info = state_info((enum task_state)i);

		assert_non_null(info->name);
		assert_true(strlen(info->name) >= 2 && strlen(info->name) <= 12);
		assert_true(strlen(info->help) > 5);
		assert_in_range(info->class, 0, CLASS_COUNT - 1);
		for (const char *at = info->name; *at; at++)
			assert_true(islower((unsigned char)*at) || *at == '-');
		assert_int_equal(state_by_name(info->name, strlen(info->name)), i);
		assert_int_equal(state_class_by_name(info->name, strlen(info->name)), -1);
	}
	assert_int_equal(state_by_name("mutexes", 5), STATE_MUTEX);
	assert_int_equal(state_by_name("mutexes", 7), -1);
	assert_int_equal(state_by_name("mute", 4), -1);
	assert_int_equal(state_by_name("", 0), -1);
	for (int i = 0; i < CLASS_COUNT; i++) {
		const char *name = state_class_name((enum task_class)i);

		assert_int_equal(state_class_by_name(name, strlen(name)), i);
	}
	assert_string_equal(state_class_name(CLASS_CHANNEL), "channel");
	assert_string_equal(state_class_name(CLASS_OTHER), "other");
}

static void out_of_range_is_unknown(void **state)
{
	assert_ptr_equal(state_info((enum task_state)STATE_COUNT),
			 state_info(STATE_UNKNOWN));
	assert_ptr_equal(state_info((enum task_state) - 1), state_info(STATE_UNKNOWN));
	assert_ptr_equal(state_info((enum task_state)0x7fffffff),
			 state_info(STATE_UNKNOWN));
	assert_string_equal(state_class_name((enum task_class)99), "other");
	assert_false(state_blocks((enum task_state)999));
}

static void who_can_be_stuck(void **state)
{
	static const enum task_state blocking[] = {
		STATE_CHAN_SEND, STATE_FUTEX,      STATE_POLL,       STATE_SLEEP,
		STATE_DISK,      STATE_WAIT_CHILD, STATE_SIGNAL_WAIT};
	static const enum task_state others[] = {STATE_UNKNOWN, STATE_STOPPED,
						 STATE_RUNNING, STATE_RUNNABLE,
						 STATE_SYSCALL, STATE_GC};

	for (size_t i = 0; i < COUNT(blocking); i++)
		assert_true(state_blocks(blocking[i]));
	for (size_t i = 0; i < COUNT(others); i++)
		assert_false(state_blocks(others[i]));
	assert_true(state_info(STATE_POLL)->idle);
	assert_true(state_info(STATE_SLEEP)->idle);
	assert_true(state_info(STATE_ACCEPT)->idle);
	assert_true(state_info(STATE_SIGNAL_WAIT)->idle);
	assert_false(state_info(STATE_COND)->idle);
}

static void settings_begin_as_promised(void **state)
{
	struct settings settings;

	memset(&settings, 0xff, sizeof(settings));
	settings_default(&settings);
	assert_int_equal(settings.interval_ns, SECOND);
	assert_string_equal(settings.stuck, "");
	assert_string_equal(settings.filter, "");
	assert_int_equal(settings.rule.threshold_ns[STATE_MUTEX], 10 * SECOND);
	assert_int_equal(settings.sort.column, COLUMN_AGE);
	assert_true(settings.sort.descending);
	assert_int_equal(settings.columns.count, COLUMN_COUNT);
	assert_true(settings.mouse);
	assert_false(settings.hide_idle || settings.no_color || settings.ascii);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_those_of_the_agent),
		cmocka_unit_test(names_are_unique_and_found),
		cmocka_unit_test(out_of_range_is_unknown),
		cmocka_unit_test(who_can_be_stuck),
		cmocka_unit_test(settings_begin_as_promised),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
