/* SPDX-License-Identifier: MIT */
/* What a snapshot warns of: each kind with its words, the order, and hostile names. */
#include "unit.h"

#include "base/clock.h"
#include "base/intern.h"
#include "core/figures.h"
#include "core/graph.h"
#include "core/query.h"
#include "core/stack.h"
#include "core/warnings.h"

static struct intern *intern;
static struct stack_table *stacks;
static struct snapshot *s;
static struct warnings warnings;

static int set_up(void **state)
{
	(void)state;
	intern = intern_new(1 << 20);
	stacks = stack_table_new(1000);
	s = snapshot_new();
	if (!intern || !stacks || !s)
		return -1;
	s->target.pid = 1000;
	s->mono_ns = s->real_ns = 1000 * SECOND;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	snapshot_unref(s);
	stack_table_free(stacks);
	intern_free(intern);
	return 0;
}

static const struct stack *in(const char *function)
{
	struct frame frame = {.function = intern_text(intern, function, strlen(function)),
			      .file = "/src/main.go",
			      .line = 31};

	return stack_intern(stacks, &frame, 1, false);
}

/* A thread in a state for `seconds`. */
static struct task *add(pid_t tid, enum task_state state, int seconds,
			const char *function)
{
	struct task *task = snapshot_add(s);

	assert_non_null(task);
	task->kind = TASK_THREAD;
	task->id = (uint64_t)tid;
	task->tid = tid;
	task->state = state;
	task->since_ns = s->mono_ns - seconds * SECOND;
	task->stack = function ? in(function) : NULL;
	return task;
}

/* One that is stuck for 14 seconds, behind the thread `owner` if that is not 0. */
static struct task *stuck(pid_t tid, enum task_state state, pid_t owner,
			  const char *function)
{
	struct task *task = add(tid, state, 14, function);

	task->flags |= TASK_STUCK;
	task->evidence.why = WHY_HELD;
	task->waits.kind = "mutex";
	task->waits.text = "";
	task->waits.address = 0x5000;
	task->waits.owner_tid = owner;
	return task;
}

static void find(void)
{
	struct err e;
	int64_t threads = 0;

	for (size_t i = 0; i < s->nr_tasks; i++)
		threads += s->tasks[i].kind == TASK_THREAD;
	if (s->resources.threads < 0)
		s->resources.threads = threads;
	assert_int_equal(graph_build(s, &e), 0);
	graph_settle(s, NULL, NULL);
	snapshot_count(s);
	warnings_find(&warnings, s);
	for (size_t i = 0; i < warnings.count; i++) {
		const struct warning *warning = &warnings.list[i];
		struct query *query = query_new(warning->filter, &e);

		assert_true(strlen(warning->text) > 0);
		assert_true(strlen(warning->text) <= WARNING_CELLS);
		assert_true(strlen(warning->sentence) > 0);
		assert_non_null(warning_kind_name(warning->kind));
		assert_non_null(query);
		query_free(query);
	}
}

/* The only warning. */
static const struct warning *only(void)
{
	find();
	assert_int_equal(warnings.count, 1);
	return &warnings.list[0];
}

static void test_none(void **state)
{
	(void)state;
	find();
	assert_int_equal(warnings.count, 0);
	add(1, STATE_SLEEP, 100, "main")->flags |= TASK_IDLE;
	add(2, STATE_COND, 100, "work")->flags |= TASK_LONG;
	/* Waits for a lock, but not for long. */
	stuck(3, STATE_MUTEX, 1, "save")->flags = 0;
	find();
	assert_int_equal(warnings.count, 0);
}

static void test_stuck(void **state)
{
	const struct warning *w;

	(void)state;
	for (pid_t tid = 1; tid <= 3; tid++)
		stuck(tid, STATE_IO_WRITE, 0, "main.flush");
	w = only();
	assert_int_equal(w->kind, WARNING_STUCK);
	assert_true(w->sure);
	assert_int_equal(w->tasks, 3);
	assert_string_equal(w->text, "3 stuck in io-write in main.flush");
	assert_string_equal(
		w->sentence,
		"3 tasks are stuck in io-write; the oldest is t1: writes to a "
		"peer that does not read, for 14.0s");
	assert_int_equal(w->place, WARNING_AT_TASKS);
	assert_string_equal(w->filter, "state=io-write state:stuck");
	stuck(4, STATE_IO_WRITE, 0, "main.send");
	assert_string_equal(only()->text, "4 stuck in io-write");
}

static void test_deadlock(void **state)
{
	const struct warning *w;

	(void)state;
	stuck(17, STATE_MUTEX, 18, "main.a");
	stuck(18, STATE_MUTEX, 17, "main.b");
	w = only();
	assert_int_equal(w->kind, WARNING_DEADLOCK);
	assert_true(w->sure);
	assert_string_equal(w->text, "1 deadlock of t17 and t18");
	assert_string_equal(w->sentence,
			    "deadlock: t17 in main.a and t18 in main.b wait for each "
			    "other for at least 14s");
	assert_int_equal(w->place, WARNING_AT_WAITS);
	assert_int_equal(w->node, 0);
	/* Those behind it belong to it. */
	stuck(19, STATE_MUTEX, 18, "main.c");
	stuck(20, STATE_MUTEX, 19, "main.d");
	w = only();
	assert_string_equal(w->text, "1 deadlock of t17 and t18, 2 wait behind");
	stuck(21, STATE_MUTEX, 21, "main.e");
	w = only();
	assert_string_equal(w->text, "2 deadlocks, 2 wait behind");
	assert_contains(w->sentence, "; and 1 more deadlock; 2 more wait behind");
}

/* Nobody has waited for no time: what has just been seen may be old. */
static void test_deadlock_age(void **state)
{
	(void)state;
	stuck(17, STATE_MUTEX, 18, "main.a")->flags |= TASK_AGE_EXACT;
	stuck(18, STATE_MUTEX, 17, "main.b")->flags |= TASK_AGE_EXACT;
	assert_string_equal(only()->sentence,
			    "deadlock: t17 in main.a and t18 in main.b wait for each "
			    "other for 14s");
	s->tasks[1].since_ns = s->mono_ns - SECOND / 20;
	s->tasks[1].flags &= ~(uint32_t)TASK_AGE_EXACT;
	assert_string_equal(only()->sentence,
			    "deadlock: t17 in main.a and t18 in main.b wait for each "
			    "other");
}

static void test_deadlock_alone(void **state)
{
	(void)state;
	stuck(21, STATE_MUTEX, 21, "main.e");
	assert_string_equal(only()->text, "1 deadlock: t21 waits for itself");
}

static void test_held(void **state)
{
	const struct warning *w;

	(void)state;
	add(17, STATE_IO_READ, 20, "main.save");
	for (pid_t tid = 1; tid <= 4; tid++)
		stuck(tid, STATE_MUTEX, 17, "main.load");
	s->tasks[4].flags = 0; /* waits too, but not for long */
	w = only();
	assert_int_equal(w->kind, WARNING_LOCK);
	assert_int_equal(w->place, WARNING_AT_WAITS);
	assert_int_equal(w->node, 0);
	assert_string_equal(w->text,
			    "4 wait for a mutex held by t17 in main.save, io-read for "
			    "20s");
	assert_string_equal(
		w->sentence,
		"4 tasks wait for a mutex at 0x5000 held by t17 in main.save, "
		"io-read for 20s");
	s->tasks[0].flags |= TASK_IDLE;
	w = only();
	assert_string_equal(w->text,
			    "4 wait for a mutex held by t17 at rest in main.save, "
			    "io-read for 20s");
	assert_contains(w->sentence, "; the holder is at rest there");
	s->tasks[0].flags = 0;
	s->tasks[0].state = STATE_RUNNING;
	assert_string_equal(only()->text, "4 wait for a mutex held by t17 in main.save");
}

static void test_chain(void **state)
{
	const struct warning *w;

	(void)state;
	add(17, STATE_SLEEP, 300, NULL)->flags |= TASK_IDLE;
	stuck(1, STATE_MUTEX, 17, "main.a");
	stuck(2, STATE_RWLOCK_READ, 1, "main.b");
	w = only();
	assert_int_equal(w->tasks, 2);
	assert_int_equal(w->node, 0);
	assert_string_equal(w->text,
			    "2 wait behind t17, which holds a mutex at rest, sleep for "
			    "5m");
}

static void test_holder_gone(void **state)
{
	const struct warning *w;

	(void)state;
	stuck(1, STATE_MUTEX, 17, "main.load");
	w = only();
	assert_string_equal(w->text, "1 waits for a mutex held by t17, which has ended");
	assert_int_equal(w->node, GRAPH_NONE);
	assert_int_equal(w->object, 0x5000);
	/* Not all threads are known. */
	s->resources.threads = 2;
	assert_string_equal(only()->text, "1 waits for a mutex held by t17");
}

static void test_holder_unknown(void **state)
{
	struct warning before;

	(void)state;
	for (uint64_t id = 1; id <= 5; id++) {
		struct task *task = stuck((pid_t)id, STATE_MUTEX, 0, "main.save");

		task->kind = TASK_GOROUTINE;
		task->waits.address = id < 5 ? 0xc000 : 0xd000;
	}
	find();
	assert_int_equal(warnings.count, 2);
	before = warnings.list[0];
	assert_string_equal(before.text,
			    "4 wait for a mutex whose holder is unknown in main.save");
	assert_string_equal(before.sentence,
			    "4 tasks wait for a mutex at 0xc000 in main.save, whose "
			    "holder is unknown, for 14s");
	assert_int_equal(before.object, 0xc000);
	assert_int_equal(warnings.list[1].tasks, 1);
	assert_false(warning_same(&before, &warnings.list[1]));
	/* The same one later. */
	s->mono_ns += 60 * SECOND;
	find();
	assert_true(warning_same(&before, &warnings.list[0]));
}

static void test_proven(void **state)
{
	const struct warning *w;

	(void)state;
	stuck(1, STATE_MUTEX, 0, "main.save")->flags |= TASK_UNREACHABLE;
	add(2, STATE_CHAN_RECV, 5, "main.save")->flags |= TASK_UNREACHABLE;
	w = only();
	assert_int_equal(w->kind, WARNING_PROVEN);
	assert_string_equal(w->text, "2 can never run again in main.save");
	assert_string_equal(w->filter, "state:proven");
}

/* A leak of the tasks of one stack, of which `stuck_ones` are stuck. */
static struct leak *leak_of(struct task *example, uint32_t count, uint32_t stuck_ones)
{
	static struct leak leaks[4];
	static struct groups groups;
	static struct group group;
	struct leak *leak = &leaks[0];

	memset(leaks, 0, sizeof(leaks));
	*leak = (struct leak){
		.serial = 7,
		.stack = example->stack,
		.created_by = example->created_by,
		.state = example->state,
		.count = count,
		.stuck = stuck_ones,
		.evidence = "From 3 to 1204 in 2.5s, since 10:00:00: +30 a minute. More.",
		.finding = {.verdict = VERDICT_LEAK, .per_second = 1.5}};
	group = (struct group){
		.stack = example->stack, .leak = leak, .count = count, .serial = 3};
	groups = (struct groups){.leaks = leaks, .nr_leaks = 1};
	groups.list[GROUP_STACK] = &group;
	groups.count[GROUP_STACK] = 1;
	s->groups = &groups;
	return leak;
}

static void test_leak(void **state)
{
	struct task *task = stuck(1, STATE_CHAN_SEND, 0, "main.producer");
	struct leak *leak;
	const struct warning *w;

	(void)state;
	task->created_by = in("main.start");
	task->flags = TASK_LEAK;
	leak = leak_of(task, 1204, 0);
	w = only();
	assert_int_equal(w->kind, WARNING_LEAK);
	assert_false(w->sure);
	assert_int_equal(w->tasks, 1204);
	assert_string_equal(w->text, "leak in main.producer: +90 a minute, now 1,204");
	assert_string_equal(w->sentence,
			    "leak in main.producer at main.go:31, created by main.start: "
			    "+90 a minute; From 3 to 1204 in 2.5s, since 10:00:00: +30 a "
			    "minute");
	assert_int_equal(w->place, WARNING_AT_GROUP);
	assert_int_equal(w->group->serial, 3);
	/* In the words of the trend; and its tasks are not stuck for another reason. */
	leak->finding.nr_steps = 5;
	leak->finding.step_size = 3;
	leak->finding.period_ns = 2030 * CLOCK_MS_NS;
	leak->stuck = 1;
	task->flags |= TASK_STUCK;
	w = only();
	assert_string_equal(w->text, "leak in main.producer: +3 every 2s, now 1,204");
	assert_true(w->sure);
	leak->finding.period_ns = 1500 * CLOCK_MS_NS;
	assert_contains(only()->text, "+3 every 1.5s");
	/* A part belongs to its lead. */
	leak->lead = 99;
	find();
	assert_int_equal(warnings.count, 0);
	leak->lead = 0;
	leak->finding.verdict = VERDICT_RECHECK;
	find();
	assert_int_equal(warnings.count, 1);
	assert_int_equal(warnings.list[0].kind, WARNING_STUCK);
}

static void test_leak_proofs(void **state)
{
	struct task *task = add(1, STATE_CHAN_SEND, 5, "main.producer");
	struct leak *leak = leak_of(task, 2, 0);

	(void)state;
	leak->finding = (struct trend_finding){.verdict = VERDICT_PROOF};
	leak->proofs = PROOF_NIL_CHANNEL;
	leak->proven = 2;
	assert_string_equal(only()->text,
			    "2 wait for ever on a nil channel in main.producer");
	assert_true(warnings.list[0].sure);
	/* Other warnings say these. */
	leak->proofs = PROOF_DEADLOCK;
	find();
	assert_int_equal(warnings.count, 0);
}

static void test_limits(void **state)
{
	const struct warning *w;

	(void)state;
	s->resources.limits[LIMIT_FDS] = (struct limit){818, 1024};
	find();
	assert_int_equal(warnings.count, 0);
	s->resources.limits[LIMIT_FDS] = (struct limit){935, 1024};
	w = only();
	assert_int_equal(w->kind, WARNING_LIMIT);
	assert_false(w->sure);
	assert_int_equal(w->limit, LIMIT_FDS);
	assert_int_equal(w->place, WARNING_AT_RESOURCES);
	assert_string_equal(w->text, "descriptors at 91% of 1,024");
	assert_string_equal(w->sentence,
			    "935 of 1,024 descriptors (ulimit -n) are in use");
	s->resources.limits[LIMIT_FDS] = (struct limit){1024, 1024};
	assert_true(only()->sure);
	s->resources.limits[LIMIT_FDS] = (struct limit){0, 0};
	s->resources.limits[LIMIT_MEMORY] = (struct limit){500ll << 20, 512ll << 20};
	assert_string_equal(only()->text, "memory of its cgroup at 97% of 512 MB");
}

static void test_members(void **state)
{
	struct member_process members[2] = {{.pid = 10, .name = "nginx"},
					    {.pid = 11, .name = "nginx"}};

	(void)state;
	for (int i = 0; i < 2; i++) {
		resources_init(&members[i].resources);
		members[i].resources.limits[LIMIT_PIDS] = (struct limit){95, 100};
	}
	members[1].resources.limits[LIMIT_FDS] = (struct limit){950, 1000};
	s->target.pid = 0;
	s->members = members;
	s->nr_members = 2;
	stuck(1, STATE_CONNECT, 0, "ask")->pid = 11;
	find();
	assert_int_equal(warnings.count, 3);
	assert_string_equal(warnings.list[0].text,
			    "1 stuck in connect in ask (nginx 11)");
	assert_int_equal(warnings.list[0].pid, 11);
	assert_string_equal(warnings.list[1].text,
			    "descriptors at 95% of 1,000 (nginx 11)");
	/* They share it. */
	assert_string_equal(warnings.list[2].text,
			    "tasks of its cgroup at 95% of 100 (nginx 10)");
	stuck(2, STATE_CONNECT, 0, "ask")->pid = 10;
	find();
	assert_string_equal(warnings.list[0].text, "2 stuck in connect in ask");
	assert_int_equal(warnings.list[0].pid, 0);
	snapshot_note(s, "process 10 is stopped by a signal; 'kill -CONT 10' resumes it");
	find();
	assert_string_equal(warnings.list[0].text, "stopped (nginx 10)");
}

static void test_timers(void **state)
{
	struct timers timers = {.count = 1200, .nr_groups = 1};
	const struct warning *w;

	(void)state;
	timers.groups[0] = (struct timer_group){.callback = "time.goFunc",
						.function = "main.(*session).expire",
						.count = 1200,
						.verdict = VERDICT_LEAK,
						.evidence = "From 3 to 1200."};
	s->timers = &timers;
	w = only();
	assert_int_equal(w->kind, WARNING_TIMERS);
	assert_int_equal(w->place, WARNING_AT_RESOURCES);
	assert_string_equal(w->text,
			    "leak of 1200 timers that call main.(*session).expire");
	assert_contains(w->sentence, "From 3 to 1200.");
	timers.groups[0].lead = 5; /* they belong to a leak of tasks */
	find();
	assert_int_equal(warnings.count, 0);
}

/* The live heap at each of 100 seconds, from 10 MB on. */
static void heap_of(int64_t mb_per_second, int64_t stops_at)
{
	static struct figures figures;

	figures_init(&figures);
	for (int64_t i = 0; i <= 100; i++) {
		struct go_heap_figures *heap = &s->resources.go_heap;
		int64_t grown = (i < stops_at ? i : stops_at) * mb_per_second;

		s->mono_ns += SECOND;
		heap->live_bytes = heap->in_use_bytes = (10 + grown) << 20;
		heap->idle_bytes = heap->stack_bytes = 0;
		heap->collections = i;
		figures_update(&figures, s);
	}
}

static void test_heap(void **state)
{
	const struct warning *w;

	(void)state;
	heap_of(1, 1000);
	w = only();
	assert_int_equal(w->kind, WARNING_HEAP);
	assert_false(w->sure);
	assert_string_equal(w->text, "live heap 10 MB to 110 MB, a leak?");
	assert_contains(w->sentence, "The live heap grew from 10 MB to 110 MB");
	/* A cache that is full by now. */
	heap_of(1, 40);
	find();
	assert_int_equal(warnings.count, 0);
	heap_of(0, 0);
	find();
	assert_int_equal(warnings.count, 0);
}

static void test_stopped(void **state)
{
	const struct warning *w;

	(void)state;
	add(1, STATE_STOPPED, 5, "main");
	w = only();
	assert_int_equal(w->kind, WARNING_STOPPED);
	assert_string_equal(w->text, "stopped: nothing runs");
	add(2, STATE_RUNNING, 0, "main");
	find();
	assert_int_equal(warnings.count, 0);
	snapshot_note(s, "process 1000 is stopped by a tracer such as a debugger");
	assert_string_equal(only()->sentence,
			    "process 1000 is stopped by a tracer such as a debugger");
}

/* What is sure comes first, then by kind, then by number. */
static void test_order(void **state)
{
	static const enum warning_kind kinds[] = {WARNING_DEADLOCK, WARNING_PROVEN,
						  WARNING_LOCK,     WARNING_STUCK,
						  WARNING_STUCK,    WARNING_LIMIT};

	(void)state;
	s->resources.limits[LIMIT_FDS] = (struct limit){90, 100};
	stuck(1, STATE_CONNECT, 0, NULL);
	stuck(2, STATE_IO_WRITE, 0, NULL);
	stuck(3, STATE_IO_WRITE, 0, NULL);
	stuck(4, STATE_MUTEX, 0, NULL);
	add(5, STATE_SELECT, 9, NULL)->flags |= TASK_UNREACHABLE;
	stuck(6, STATE_MUTEX, 6, NULL);
	find();
	assert_int_equal(warnings.count, COUNT(kinds));
	for (size_t i = 0; i < COUNT(kinds); i++)
		assert_int_equal(warnings.list[i].kind, kinds[i]);
	assert_string_equal(warnings.list[3].text, "2 stuck in io-write");
	assert_string_equal(warnings.list[4].text, "1 stuck in connect");
}

/* More than there is room for, and names of any bytes and length. */
static void test_hostile(void **state)
{
	char name[3000];

	(void)state;
	memset(name, 'x', sizeof(name));
	name[0] = '\x1b';
	for (size_t i = 1; i < sizeof(name) - 4; i += 3)
		memcpy(name + i, "\xe2\x82\xac", 3);
	name[sizeof(name) - 1] = '\0';
	for (int i = 1; i <= 200; i++) {
		struct task *task = stuck(i, STATE_MUTEX, 0, name);

		task->waits.address = 0x1000 + (uint64_t)i;
	}
	stuck(500, STATE_FLOCK, 501, name);
	add(501, STATE_IO_READ, 5, name);
	s->tasks[3].since_ns = INT64_MIN;
	s->tasks[4].since_ns = INT64_MAX;
	find();
	assert_int_equal(warnings.count, WARNINGS_MAX);
	assert_int_equal(warnings.count + warnings.left_out, 201);
	for (size_t i = 0; i < warnings.count; i++) {
		const char *dots = strstr(warnings.list[i].text, "..");

		/* Cut between characters. */
		assert_non_null(dots);
		assert_memory_equal(dots - 3, "\xe2\x82\xac", 3);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_none, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_stuck, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_deadlock, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_deadlock_age, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_deadlock_alone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_held, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_chain, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_holder_gone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_holder_unknown, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_proven, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_leak, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_leak_proofs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_limits, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_members, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_timers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_heap, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_stopped, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_hostile, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("warnings", tests, NULL, NULL);
}
