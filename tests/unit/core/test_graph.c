/* SPDX-License-Identifier: MIT */
/* The wait-for graph on made-up snapshots, and the second sample on real programs:
 * threads under heavy contention are never called a deadlock, real deadlocks always
 * are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <time.h>

#include "core/graph.h"
#include "source/peers/holders.h"
#include "source_child.h"

#define TARGET_PID 1000

static struct snapshot *target(void)
{
	struct snapshot *s = snapshot_new();

	assert_non_null(s);
	s->target.pid = TARGET_PID;
	s->mono_ns = 10 * CLOCK_SECOND_NS;
	return s;
}

static struct task *add(struct snapshot *s, pid_t tid, enum task_state state, pid_t owner)
{
	struct task *task = snapshot_add(s);

	assert_non_null(task);
	task->kind = TASK_THREAD;
	task->id = (uint64_t)tid;
	task->tid = tid;
	task->state = state;
	task->since_ns = 1;
	task->waits.kind = state == STATE_RUNNING ? NULL : "mutex";
	task->waits.text = "";
	task->waits.owner_tid = owner;
	return task;
}

static struct wait_actors *actors(struct snapshot *s, bool complete, pid_t a, pid_t b)
{
	struct wait_actors *list =
		arena_alloc(&s->arena, sizeof(*list) + 2 * sizeof(list->pids[0]));

	assert_non_null(list);
	list->how = "pipe";
	list->complete = complete;
	list->nr_pids = b ? 2 : 1;
	list->pids[0] = a;
	if (b)
		list->pids[1] = b;
	return list;
}

/* Another process with one thread of the same id, which waits for the owner in `who`. */
static struct task *add_other(struct snapshot *s, pid_t pid, enum task_state state,
			      const struct wait_actors *who)
{
	if (!s->processes) {
		s->processes = arena_alloc(&s->arena, 4 * sizeof(*s->processes));
		s->others = arena_alloc(&s->arena, 4 * sizeof(*s->others));
		assert_true(s->processes && s->others);
	}
	s->processes[s->nr_processes] = (struct other_process){pid, "other", true};
	struct other_task *other = &s->others[s->nr_others++];

	other->process = &s->processes[s->nr_processes++];
	other->task = (struct task){.kind = TASK_THREAD,
				    .id = (uint64_t)pid,
				    .tid = pid,
				    .state = state,
				    .name = "other"};
	other->task.waits.kind = "fd";
	other->task.waits.text = "";
	waits_edit(&other->task.waits, &s->arena)->actors = who;
	return &other->task;
}

static void build(struct snapshot *s)
{
	int64_t threads = 0;

	for (size_t i = 0; i < s->nr_tasks; i++)
		threads += s->tasks[i].kind == TASK_THREAD;
	if (s->resources.threads < 0)
		s->resources.threads = threads;
	assert_int_equal(graph_build(s, NULL), 0);
	graph_settle(s, NULL, NULL);
}

static void nobody_waits(void **state)
{
	struct snapshot *s = target();

	(void)state;
	add(s, 1, STATE_RUNNING, 0);
	add(s, 2, STATE_MUTEX, 0);
	build(s);
	assert_null(s->graph);
	assert_int_equal(graph_cycles(s), 0);
	snapshot_unref(s);
}

static void finds_rings_of_owners(void **state)
{
	struct snapshot *s = target();

	(void)state;
	add(s, 1, STATE_MUTEX, 2);
	add(s, 2, STATE_JOIN, 3);
	add(s, 3, STATE_RWLOCK_WRITE, 1);
	add(s, 4, STATE_MUTEX, 4);
	add(s, 5, STATE_MUTEX, 1); /* behind the first one */
	add(s, 6, STATE_MUTEX, 7); /* behind one that runs */
	add(s, 7, STATE_RUNNING, 0);
	add(s, 8, STATE_MUTEX, 99); /* behind one that is not there */
	build(s);
	assert_int_equal(graph_cycles(s), 2);
	assert_int_equal(s->graph->cycles[0].nr_nodes, 3);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(s->graph->cycles[0].nodes[i], i);
	assert_int_equal(s->graph->cycles[1].nr_nodes, 1);
	assert_int_equal(s->graph->cycles[1].nodes[0], 3);
	for (size_t i = 0; i < s->nr_tasks; i++)
		assert_int_equal((s->tasks[i].flags & TASK_DEADLOCK) != 0, i < 4);
	assert_int_equal(s->graph->next[5], 6);
	assert_int_equal(s->graph->next[7], GRAPH_NONE);
	snapshot_unref(s);
}

/* A ring is broken by a wait with a limit, by a task that may have moved, by one that the
 * kernel contradicts, and by one that is not blocked. */
static void rings_that_end(void **state)
{
	struct snapshot *s = target();

	(void)state;
	add(s, 1, STATE_MUTEX, 2);
	add(s, 2, STATE_MUTEX, 1)->waits.limited = true;
	add(s, 3, STATE_MUTEX, 4);
	add(s, 4, STATE_MUTEX, 3)->flags = TASK_SUSPECT;
	add(s, 5, STATE_MUTEX, 6);
	add(s, 6, STATE_MUTEX, 5)->flags = TASK_STALE;
	add(s, 7, STATE_MUTEX, 8);
	add(s, 8, STATE_RUNNING, 7)->waits.kind = "mutex";
	build(s);
	assert_int_equal(graph_cycles(s), 0);
	for (size_t i = 0; i < s->nr_tasks; i++)
		assert_int_equal(s->tasks[i].flags & TASK_DEADLOCK, 0);
	snapshot_unref(s);
}

static struct task *add_goroutine(struct snapshot *s, uint64_t id, pid_t tid,
				  uint64_t owner)
{
	struct task *task = add(s, tid, STATE_MUTEX, owner ? 100 + (pid_t)owner : 0);

	task->kind = TASK_GOROUTINE;
	task->id = id;
	waits_edit(&task->waits, &s->arena)->owner_goid = owner;
	return task;
}

/* A goroutine is known by its own number, which may be that of a thread too. */
static void rings_of_goroutines(void **state)
{
	struct snapshot *s = target();

	(void)state;
	add_goroutine(s, 1, 101, 1);
	add_goroutine(s, 2, 102, 3);
	add_goroutine(s, 3, 103, 2);
	add_goroutine(s, 4, 104, 2); /* only waits for them */
	add(s, 5, STATE_RUNNING, 0);
	add_goroutine(s, 5, 105, 6); /* whose owner is not among the tasks */
	waits_edit(&add(s, 101, STATE_MUTEX, 101)->waits, &s->arena)->owner_goid = 1;
	/* With a thread that runs no goroutine. */
	waits_edit(&add(s, 7, STATE_MUTEX, 108)->waits, &s->arena)->owner_goid = 8;
	add_goroutine(s, 8, 108, 0)->waits.owner_tid = 7;
	build(s);
	assert_int_equal(graph_cycles(s), 3);
	for (size_t i = 0; i < s->nr_tasks; i++)
		assert_int_equal((s->tasks[i].flags & TASK_DEADLOCK) != 0,
				 i < 3 || i >= 7);
	snapshot_unref(s);
}

/* "Held by a thread" says nothing of the goroutine that is on it now. */
static void unsure_owners(void **state)
{
	struct snapshot *s = target();

	(void)state;
	add_goroutine(s, 1, 101, 0)->waits.owner_tid = 101;
	build(s);
	assert_int_equal(graph_cycles(s), 0);
	snapshot_unref(s);
}

static void rings_through_processes(void **state)
{
	struct snapshot *s = target();

	(void)state;
	waits_edit(&add(s, TARGET_PID, STATE_IO_READ, 0)->waits, &s->arena)->actors =
		actors(s, true, 2000, 0);
	add_other(s, 2000, STATE_IO_READ, actors(s, true, TARGET_PID, 0));
	build(s);
	assert_int_equal(graph_cycles(s), 1);
	assert_int_equal(s->graph->cycles[0].nr_nodes, 2);
	assert_int_equal(graph_task(s, s->graph->cycles[0].nodes[1])->tid, 2000);
	assert_ptr_equal(graph_process(s, s->graph->cycles[0].nodes[1]), s->processes);
	snapshot_unref(s);
}

/* A thread that can still act keeps it from being a deadlock. */
static void processes_that_go_on(void **state)
{
	(void)state;
	for (int round = 0; round < 6; round++) {
		struct snapshot *s = target();

		/* 0: another thread of the target runs. 1: one is in no row. 2: an unseen
		 * process may have the pipe. 3: a third process has it and runs. 4: only
		 * part of the other process is known. 5: its wait ends by itself. */
		waits_edit(&add(s, TARGET_PID, STATE_IO_READ, 0)->waits, &s->arena)
			->actors = actors(s, round != 2, 2000, round == 3 ? 3000 : 0);
		struct task *other =
			add_other(s, 2000, STATE_IO_READ, actors(s, true, TARGET_PID, 0));

		if (round == 0)
			add(s, 1001, STATE_RUNNING, 0);
		if (round == 1)
			s->resources.threads = 2;
		if (round == 3)
			add_other(s, 3000, STATE_RUNNING, NULL);
		s->processes[0].complete = round != 4;
		other->waits.limited = round == 5;
		build(s);
		assert_int_equal(graph_cycles(s), 0);
		assert_int_equal(s->graph->next[0], round == 0 ? 2 : 1);
		snapshot_unref(s);
	}
}

/* A cycle in another process matters if a task of the target can never continue
 * because of it. */
/* A target that is several processes. The ids of goroutines are those of a process. */
static struct snapshot *service(size_t nr)
{
	struct snapshot *s = target();

	s->target.pid = 0;
	s->members = arena_alloc(&s->arena, nr * sizeof(*s->members));
	assert_non_null(s->members);
	for (size_t i = 0; i < nr; i++) {
		s->members[i].pid = TARGET_PID * (pid_t)(i + 1);
		s->members[i].name = "member";
		s->members[i].resources.threads = 1;
	}
	s->nr_members = nr;
	return s;
}

static struct task *add_to(pid_t pid, struct task *task)
{
	task->pid = pid;
	return task;
}

static void rings_through_members(void **state)
{
	struct snapshot *s = service(2);

	(void)state;
	waits_edit(&add_to(1000, add(s, 1000, STATE_IO_READ, 0))->waits, &s->arena)
		->actors = actors(s, true, 2000, 0);
	waits_edit(&add_to(2000, add(s, 2000, STATE_IO_READ, 0))->waits, &s->arena)
		->actors = actors(s, true, 1000, 0);
	build(s);
	assert_int_equal(graph_cycles(s), 1);
	assert_int_equal(s->graph->cycles[0].nr_nodes, 2);
	assert_int_equal(graph_pid(s, 1), 2000);
	snapshot_unref(s);
}

/* A thread of the other member that is in no row could end it. */
static void members_that_go_on(void **state)
{
	struct snapshot *s = service(2);

	(void)state;
	s->members[1].resources.threads = 2;
	waits_edit(&add_to(1000, add(s, 1000, STATE_IO_READ, 0))->waits, &s->arena)
		->actors = actors(s, true, 2000, 0);
	waits_edit(&add_to(2000, add(s, 2000, STATE_IO_READ, 0))->waits, &s->arena)
		->actors = actors(s, true, 1000, 0);
	build(s);
	assert_int_equal(graph_cycles(s), 0);
	assert_int_equal(s->graph->next[0], 1);
	snapshot_unref(s);
}

static void goroutines_of_members(void **state)
{
	struct snapshot *s = service(2);

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct task *task =
			add_to(i < 2 ? 1000 : 2000, add(s, 0, STATE_MUTEX, 0));

		task->kind = TASK_GOROUTINE;
		task->id = (uint64_t)(i % 2) + 1;
		/* g1 of one process waits for its g2, and g2 of the other one for its g1,
		 * which is no ring. */
		if (i == 0)
			waits_edit(&task->waits, &s->arena)->owner_goid = 2;
		if (i == 3)
			waits_edit(&task->waits, &s->arena)->owner_goid = 1;
	}
	build(s);
	assert_int_equal(graph_cycles(s), 0);
	assert_int_equal(s->graph->next[0], 1);
	assert_int_equal(s->graph->next[3], 2);
	snapshot_unref(s);
}

/* The thread that serves the other end is the one to show. */
static void actors_with_a_thread(void **state)
{
	struct snapshot *s = service(2);
	struct wait_actors *who = actors(s, true, 2000, 0);

	(void)state;
	who->tid = 2001;
	waits_edit(&add_to(1000, add(s, 1000, STATE_IO_READ, 0))->waits, &s->arena)
		->actors = who;
	add_to(2000, add(s, 2000, STATE_RUNNING, 0));
	add_to(2000, add(s, 2001, STATE_RUNNING, 0));
	build(s);
	assert_int_equal(s->graph->next[0], 2);
	snapshot_unref(s);
}

static void cycles_elsewhere(void **state)
{
	(void)state;
	for (int held = 0; held < 2; held++) {
		struct task *task;
		struct snapshot *s = target();

		task = add(s, TARGET_PID, held ? STATE_IO_READ : STATE_RUNNING, 0);
		waits_edit(&task->waits, &s->arena)->actors = actors(s, true, 2000, 0);
		add_other(s, 2000, STATE_IO_READ, actors(s, true, 3000, 0));
		add_other(s, 3000, STATE_IO_READ, actors(s, true, 2000, 0));
		build(s);
		assert_int_equal(graph_cycles(s), held);
		snapshot_unref(s);
	}
}

static bool deny(void *ctx, struct snapshot *snapshot, const struct cycle *cycle)
{
	assert_true(cycle->nr_support >= cycle->nr_nodes);
	return graph_task(snapshot, cycle->nodes[0])->tid != *(pid_t *)ctx;
}

static void denied_cycles_are_dropped(void **state)
{
	struct snapshot *s = target();
	pid_t denied = 1;

	(void)state;
	add(s, 1, STATE_MUTEX, 1);
	add(s, 2, STATE_MUTEX, 2);
	assert_int_equal(graph_build(s, NULL), 0);
	graph_settle(s, deny, &denied);
	assert_int_equal(graph_cycles(s), 1);
	assert_int_equal(s->tasks[0].flags & TASK_DEADLOCK, 0);
	assert_true(s->tasks[1].flags & TASK_DEADLOCK);
	snapshot_unref(s);
}

/* A chain as long as it gets, its end first and last; one of the orders is the bad one. */
static void long_chains(void **state)
{
	const int count = SANITIZED ? 10000 : 100000;

	(void)state;
	for (int order = 0; order < 2; order++) {
		struct snapshot *s = target();

		for (int i = 1; i <= count; i++)
			add(s, i, STATE_MUTEX, order ? i % count + 1 : i - 1);
		clock_t begin = clock(); /* of this process: others may be busy */

		build(s);
		assert_true(clock() - begin < 2 * CLOCKS_PER_SEC);
		/* So long a ring is not reported, because it could not be confirmed by a
		 * second sample. */
		assert_int_equal(graph_cycles(s), 0);
		snapshot_unref(s);
	}
}

/* From here on, real programs. */
struct lock_pair {
	pthread_mutex_t a, b;
};

static void work(void)
{
	for (volatile int spin = 0; spin < 20000; spin++)
		;
}

static void lock_in_order(struct lock_pair *locks)
{
	for (;;) {
		pthread_mutex_lock(&locks->a);
		pthread_mutex_lock(&locks->b);
		work();
		pthread_mutex_unlock(&locks->b);
		pthread_mutex_unlock(&locks->a);
	}
}

static void *contender(void *locks)
{
	lock_in_order(locks);
	return NULL;
}

/* In the wrong order, but giving up after a time. */
static void *timed(void *arg)
{
	struct lock_pair *locks = arg;

	for (;;) {
		struct timespec limit;

		pthread_mutex_lock(&locks->a);
		clock_gettime(CLOCK_REALTIME, &limit);
		limit.tv_nsec += 50000000;
		limit.tv_sec += limit.tv_nsec / 1000000000;
		limit.tv_nsec %= 1000000000;
		usleep(1000);
		if (pthread_mutex_timedlock(&locks->b, &limit) == 0)
			pthread_mutex_unlock(&locks->b);
		pthread_mutex_unlock(&locks->a);
		usleep(1000);
	}
	return NULL;
}

static void contends(void *unused)
{
	struct lock_pair locks = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER};
	pthread_t thread;

	(void)unused;
	for (int i = 0; i < 6; i++)
		pthread_create(&thread, NULL, contender, &locks);
	contender(&locks);
}

static void gives_up(void *unused)
{
	struct lock_pair locks = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER};
	pthread_t thread;

	(void)unused;
	pthread_create(&thread, NULL, timed, &locks);
	for (;;) {
		struct timespec limit;

		pthread_mutex_lock(&locks.b);
		clock_gettime(CLOCK_REALTIME, &limit);
		limit.tv_sec += 1;
		usleep(1000);
		if (pthread_mutex_timedlock(&locks.a, &limit) == 0)
			pthread_mutex_unlock(&locks.a);
		pthread_mutex_unlock(&locks.b);
		usleep(1000);
	}
}

/* A token goes back and forth as fast as it can, on pipes that no other process has. */
static void plays_ping_pong(void *unused)
{
	int there[2], back[2];
	char byte = 0;

	(void)unused;
	if (pipe(there) || pipe(back))
		_exit(1);
	if (fork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(there[1]);
		close(back[0]);
		while (read(there[0], &byte, 1) == 1 && write(back[1], &byte, 1) == 1)
			work();
		_exit(0);
	}
	close(there[0]);
	close(back[1]);
	while (write(there[1], &byte, 1) == 1 && read(back[0], &byte, 1) == 1)
		work();
}

static void waits_for_itself(void *unused)
{
	pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

	(void)unused;
	pthread_mutex_lock(&lock);
	pthread_mutex_lock(&lock);
}

/* One sample of the native source, with everything that follows it. */
static size_t look(struct looker *looker, struct holders *holders, struct track *track)
{
	assert_int_equal(looker_look(looker, NULL), 0);
	holders_fill(holders, looker->snapshot);
	assert_int_equal(track_update(track, looker->snapshot, NULL), 0);
	assert_int_equal(graph_build(looker->snapshot, NULL), 0);
	graph_settle(looker->snapshot, holders_confirm, holders);
	return graph_cycles(looker->snapshot);
}

/* Samples until a deadlock is seen, or `looks` times. Returns how often it was seen. */
static size_t looks_at(void (*body)(void *arg), int looks)
{
	struct holders *holders = holders_new();
	struct track *track;
	struct looker looker;
	size_t waits = 0, seen = 0;
	int64_t limit_ns = clock_mono_ns() + WAIT_LIMIT_NS;
	pid_t pid = child_start(body, NULL);

	track = track_new();
	assert_true(holders && track);
	assert_int_equal(looker_open(&looker, &source_native, pid), 0);
	for (int i = 0; (i < looks || (!waits && clock_mono_ns() < limit_ns)) && !seen;
	     i++) {
		seen = look(&looker, holders, track);
		waits += looker.snapshot->graph != NULL;
		usleep(2000);
	}
	looker_close(&looker);
	holders_free(holders);
	track_free(track);
	child_stop(pid);
	/* The rule was not tested: on a machine where a woken thread does not get to run,
	 * no task was seen to wait for another. */
	if (waits == 0)
		skip();
	return seen;
}

static void contention_is_no_deadlock(void **state)
{
	(void)state;
	assert_int_equal(looks_at(contends, 300), 0);
}

static void timed_locks_are_no_deadlock(void **state)
{
	(void)state;
	assert_int_equal(looks_at(gives_up, 300), 0);
}

static void ping_pong_is_no_deadlock(void **state)
{
	(void)state;
	assert_int_equal(looks_at(plays_ping_pong, 300), 0);
}

static void a_deadlock_is_one(void **state)
{
	(void)state;
	assert_int_equal(looks_at(waits_for_itself, 300), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_waits),
		cmocka_unit_test(finds_rings_of_owners),
		cmocka_unit_test(rings_that_end),
		cmocka_unit_test(rings_of_goroutines),
		cmocka_unit_test(unsure_owners),
		cmocka_unit_test(rings_through_processes),
		cmocka_unit_test(processes_that_go_on),
		cmocka_unit_test(rings_through_members),
		cmocka_unit_test(members_that_go_on),
		cmocka_unit_test(goroutines_of_members),
		cmocka_unit_test(actors_with_a_thread),
		cmocka_unit_test(cycles_elsewhere),
		cmocka_unit_test(denied_cycles_are_dropped),
		cmocka_unit_test(long_chains),
		cmocka_unit_test(contention_is_no_deadlock),
		cmocka_unit_test(timed_locks_are_no_deadlock),
		cmocka_unit_test(ping_pong_is_no_deadlock),
		cmocka_unit_test(a_deadlock_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
