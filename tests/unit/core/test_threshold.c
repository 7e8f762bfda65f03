/* SPDX-License-Identifier: MIT */
/* Thresholds as users write them. */
#include "unit.h"

#include "core/threshold.h"

static struct thresholds parsed(const char *text)
{
	struct thresholds rule;
	struct err e;

	if (thresholds_parse(&rule, text, &e) != 0)
		fail_msg("%s: %s", text, e.text);
	return rule;
}

static void defaults(void **state)
{
	struct thresholds rule;

	thresholds_init(&rule);
	for (int i = 0; i < STATE_COUNT; i++) {
		bool counts = state_blocks((enum task_state)i) &&
			      !state_info((enum task_state)i)->idle;

		assert_int_equal(rule.threshold_ns[i], counts ? 10 * SECOND : -1);
	}
	assert_int_equal(rule.threshold_ns[STATE_MUTEX], 10 * SECOND);
	assert_int_equal(rule.threshold_ns[STATE_POLL], -1);
	assert_int_equal(rule.threshold_ns[STATE_RUNNING], -1);
}

static void bare_duration(void **state)
{
	struct thresholds rule = parsed("500ms");

	assert_int_equal(rule.threshold_ns[STATE_MUTEX], SECOND / 2);
	assert_int_equal(rule.threshold_ns[STATE_DISK], SECOND / 2);
	assert_int_equal(rule.threshold_ns[STATE_POLL], -1);
	rule = parsed("never");
	assert_int_equal(rule.threshold_ns[STATE_MUTEX], -1);
	rule = parsed("0");
	assert_int_equal(rule.threshold_ns[STATE_MUTEX], 0);
}

static void states_and_classes(void **state)
{
	struct thresholds rule = parsed("mutex=1s,poll=1m,io=30s");

	assert_int_equal(rule.threshold_ns[STATE_MUTEX], SECOND);
	assert_int_equal(rule.threshold_ns[STATE_POLL], 60 * SECOND);
	assert_int_equal(rule.threshold_ns[STATE_IO_READ], 30 * SECOND);
	assert_int_equal(rule.threshold_ns[STATE_COND], 10 * SECOND);
	/* A class means only states that are not idle: an accept loop is not stuck. */
	assert_int_equal(rule.threshold_ns[STATE_ACCEPT], -1);

	rule = parsed("5s,poll=1m");
	assert_int_equal(rule.threshold_ns[STATE_COND], 5 * SECOND);
	assert_int_equal(rule.threshold_ns[STATE_POLL], 60 * SECOND);
	rule = parsed("timer=1h,lock=never,process=1s");
	assert_int_equal(rule.threshold_ns[STATE_SLEEP], 3600 * SECOND);
	assert_int_equal(rule.threshold_ns[STATE_MUTEX], -1);
	assert_int_equal(rule.threshold_ns[STATE_WAIT_CHILD], SECOND);
	assert_int_equal(rule.threshold_ns[STATE_SIGNAL_WAIT], -1);
	assert_int_equal(rule.threshold_ns[STATE_STOPPED], -1);
}

/* The more precise word wins, wherever it is in the list. */
static void order_does_not_matter(void **state)
{
	struct thresholds one = parsed("mutex=1s,lock=2s,3s");
	struct thresholds other = parsed("3s,lock=2s,mutex=1s");

	assert_memory_equal(&one, &other, sizeof(one));
	assert_int_equal(one.threshold_ns[STATE_MUTEX], SECOND);
	assert_int_equal(one.threshold_ns[STATE_COND], 2 * SECOND);
	assert_int_equal(one.threshold_ns[STATE_DISK], 3 * SECOND);
}

static void bad_rules_say_where(void **state)
{
	static const struct {
		const char *text;
		int at;
		const char *part;
	} cases[] = {
		{"", 0, "bad duration"},
		{"10x", 0, "bad duration"},
		{"5s,", 3, "bad duration"},
		{"mutex", 0, "bad duration"},
		{"mutex=", 6, "bad duration"},
		{"5s,mutexx=1s", 3, "unknown state 'mutexx'; did you mean mutex?"},
		{"mutex=1s,poll=1h3", 16, "bad duration"},
		{"=1s", 0, "unknown state ''"},
		{"running=1s", 0, "does not block"},
		{"stopped=1s", 0, "does not block"},
		{"run=1s", 0, "does not block"},
		{"mutex=9999999999999d", 6, "too long"},
		{"mutex="
		 "1111111111111111111111111111111111111111111111111111111111111111111s",
		 6, "too long"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct thresholds rule, before;
		struct err e;

		memset(&before, 0x33, sizeof(before));
		rule = before;
		if (thresholds_parse(&rule, cases[i].text, &e) != ERR_USAGE)
			fail_msg("'%s' was accepted", cases[i].text);
		if (e.at != cases[i].at)
			fail_msg("'%s': at %d: %s", cases[i].text, e.at, e.text);
		assert_contains(e.text, cases[i].part);
		assert_memory_equal(&rule, &before, sizeof(rule));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(bare_duration),
		cmocka_unit_test(states_and_classes),
		cmocka_unit_test(order_does_not_matter),
		cmocka_unit_test(bad_rules_say_where),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
