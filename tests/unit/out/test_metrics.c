/* SPDX-License-Identifier: MIT */
/* Numbers for monitoring: whatever name a target has, the output can be parsed, and its
 * size is bounded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "out/metrics.h"

static struct metrics metrics;

static void prepare(const char *target)
{
	memset(&metrics, 0, sizeof(metrics));
	snprintf(metrics.target, sizeof(metrics.target), "%s", target);
	metrics.pid = 7;
	metrics.up = true;
	metrics.counting = true;
	metrics.created = 12;
	metrics.rss_bytes = metrics.fds = metrics.sample_ns = -1;
	for (int state = 0; state < STATE_COUNT; state++)
		metrics.oldest_ns[state] = -1;
}

static char *write(enum metrics_format format, struct buf *out)
{
	const struct metrics *list[] = {&metrics};

	buf_init(out, 0);
	metrics_write(list, 1, format, "9.9", out);
	assert_false(out->failed);
	return out->bytes;
}

static void test_hostile_names(void **state)
{
	struct buf out;
	const char *text;

	(void)state;
	prepare("a\"b\\c\nd\xff");
	text = write(METRICS_OPENMETRICS, &out);
	assert_non_null(strstr(
		text, "grmon_up{target=\"a\\\"b\\\\c\\\\nd\\\\xff\",pid=\"7\"} 1\n"));
	assert_null(strchr(text, '\xff'));
	buf_release(&out);
	/* Cut in the middle of a character by the size of the field. */
	prepare("\xc3\xa4\xc3\xa4\xc3");
	text = write(METRICS_OPENMETRICS, &out);
	assert_non_null(strstr(text, "target=\"\xc3\xa4\xc3\xa4\\\\xc3\""));
	buf_release(&out);
}

static void test_names_of_counters(void **state)
{
	struct buf out;
	const char *text;

	(void)state;
	prepare("x");
	text = write(METRICS_OPENMETRICS, &out);
	assert_non_null(strstr(text, "# TYPE grmon_tasks_created counter\n"));
	assert_non_null(
		strstr(text, "grmon_tasks_created_total{target=\"x\",pid=\"7\"} 12\n"));
	assert_non_null(strstr(
		text,
		"# TYPE grmon_build info\ngrmon_build_info{version=\"9.9\"} 1\n# EOF\n"));
	assert_non_null(strstr(text, "# UNIT grmon_scrape_seconds seconds\n"));
	buf_release(&out);
	text = write(METRICS_TEXT, &out);
	assert_non_null(strstr(text, "# TYPE grmon_tasks_created_total counter\n"));
	assert_non_null(strstr(text, "# TYPE grmon_build_info gauge\n"));
	assert_null(strstr(text, "# EOF"));
	assert_null(strstr(text, "# UNIT"));
	buf_release(&out);
}

static void test_what_is_not_known(void **state)
{
	struct buf out;
	const char *text;

	(void)state;
	prepare("x");
	metrics.counting = false;
	text = write(METRICS_OPENMETRICS, &out);
	assert_null(strstr(text, "grmon_tasks_created_total{"));
	assert_null(strstr(text, "grmon_process_open_fds{"));
	assert_null(strstr(text, "grmon_scrape_seconds{"));
	buf_release(&out);
	prepare("x");
	metrics.up = false;
	text = write(METRICS_OPENMETRICS, &out);
	assert_non_null(strstr(text, "grmon_up{target=\"x\",pid=\"7\"} 0\n"));
	assert_null(strstr(text, "grmon_tasks{"));
	buf_release(&out);
}

/* Of a snapshot: weights of profiles, stuck, the oldest wait of each state. */
static void test_take(void **state)
{
	struct snapshot *snapshot = snapshot_new();
	struct label label = {"goroutines", "40"};
	struct task *task;

	(void)state;
	assert_non_null(snapshot);
	snapshot->target.name = "x";
	snapshot->mono_ns = 100000000000ll;
	task = snapshot_add(snapshot);
	task->state = STATE_CHAN_SEND;
	task->since_ns = 70000000000ll;
	task->flags = TASK_STUCK;
	task = snapshot_add(snapshot);
	task->kind = TASK_GOROUTINE;
	task->serial = 1;
	task->state = STATE_CHAN_SEND;
	task->since_ns = 90000000000ll;
	task->labels = &label;
	task->nr_labels = 1;
	memset(&metrics, 0, sizeof(metrics));
	metrics_take(&metrics, snapshot, 10);
	assert_int_equal(metrics.tasks[STATE_CHAN_SEND], 41);
	assert_int_equal(metrics.stuck[STATE_CHAN_SEND], 1);
	assert_int_equal(metrics.oldest_ns[STATE_CHAN_SEND], 30000000000ll);
	assert_int_equal(metrics.oldest_ns[STATE_MUTEX], -1);
	assert_int_equal(metrics.nr_groups, 0);
	snapshot_unref(snapshot);
}

/* With skip_zero a series is written once it has been more than 0, and from then on. */
static void test_skip_zero(void **state)
{
	struct snapshot *snapshot = snapshot_new();
	struct task *task = snapshot_add(snapshot);
	struct buf out;
	const char *text;

	(void)state;
	prepare("server");
	metrics.created = 0;
	metrics.skip_zero = true;
	snapshot->mono_ns = 5;
	snapshot->target.name = "server";
	task->state = STATE_MUTEX;
	metrics_take(&metrics, snapshot, 0);
	text = write(METRICS_TEXT, &out);
	assert_non_null(
		strstr(text, "grmon_tasks{target=\"server\",state=\"mutex\",class="));
	assert_null(strstr(text, "state=\"poll\""));
	assert_null(strstr(text, "grmon_stuck_tasks{"));
	assert_null(strstr(text, "grmon_deadlocks{"));
	assert_null(strstr(text, "_created_total{"));
	assert_non_null(strstr(text, "grmon_up{"));
	buf_release(&out);
	task->state = STATE_POLL;
	metrics.created = 1;
	metrics_take(&metrics, snapshot, 0);
	text = write(METRICS_TEXT, &out);
	assert_non_null(strstr(text, "state=\"poll\",class=\"io\"} 1\n"));
	assert_non_null(strstr(text, "state=\"mutex\",class=\"lock\"} 0\n"));
	assert_non_null(strstr(text, "_created_total{"));
	buf_release(&out);
	snapshot_unref(snapshot);
}

static void test_timers(void **state)
{
	struct snapshot *snapshot = snapshot_new();
	struct timers timers = {.count = 17, .others = 2, .nr_groups = 3};
	struct buf out;
	const char *text;

	(void)state;
	assert_non_null(snapshot);
	snapshot->target.name = "x";
	snapshot->timers = &timers;
	timers.groups[0] = (struct timer_group){.callback = "time.sendTime",
						.function = "",
						.period_ns = 1250000000,
						.count = 10};
	timers.groups[1] = (struct timer_group){
		.callback = "time.goFunc", .function = "main.a\"b", .count = 4};
	timers.groups[2] =
		(struct timer_group){.callback = "", .function = "", .count = 1};
	metrics_take(&metrics, snapshot, 10);
	text = write(METRICS_OPENMETRICS, &out);
	assert_non_null(strstr(text, ",callback=\"time.sendTime\",function=\"\",period="
				     "\"1.25\"} 10\n"));
	assert_non_null(strstr(
		text,
		",callback=\"time.goFunc\",function=\"main.a\\\"b\",period=\"0\"} 4\n"));
	/* Those in no group are added to those of an unknown function. */
	assert_non_null(strstr(text, ",callback=\"\",function=\"\",period=\"0\"} 3\n"));
	buf_release(&out);
	timers.count = -1;
	metrics_take(&metrics, snapshot, 10);
	text = write(METRICS_OPENMETRICS, &out);
	assert_null(strstr(text, "grmon_go_timers{"));
	buf_release(&out);
	snapshot_unref(snapshot);
}

/* Only a Go program has these families. */
static void test_go_heap(void **state)
{
	struct snapshot *snapshot = snapshot_new();
	struct buf out;
	const char *text;

	(void)state;
	assert_non_null(snapshot);
	snapshot->target.name = "x";
	metrics_take(&metrics, snapshot, 10);
	text = write(METRICS_OPENMETRICS, &out);
	assert_null(strstr(text, "grmon_go_heap"));
	buf_release(&out);
	snapshot->resources.go_heap.in_use_bytes = 20 << 20;
	snapshot->resources.go_heap.collections = 3;
	metrics_take(&metrics, snapshot, 10);
	text = write(METRICS_OPENMETRICS, &out);
	assert_non_null(strstr(text, "# TYPE grmon_go_heap_in_use_bytes gauge\n"
				     "# UNIT grmon_go_heap_in_use_bytes bytes\n"
				     "grmon_go_heap_in_use_bytes{target=\"x\"} "
				     "20971520\n"));
	assert_non_null(strstr(text,
			       "# TYPE grmon_go_heap_collections counter\n"
			       "grmon_go_heap_collections_total{target=\"x\"} 3\n"));
	assert_null(strstr(text, "grmon_go_heap_live_bytes"));
	buf_release(&out);
	snapshot_unref(snapshot);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hostile_names),
		cmocka_unit_test(test_names_of_counters),
		cmocka_unit_test(test_what_is_not_known),
		cmocka_unit_test(test_take),
		cmocka_unit_test(test_skip_zero),
		cmocka_unit_test(test_timers),
		cmocka_unit_test(test_go_heap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
