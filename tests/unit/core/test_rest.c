/* SPDX-License-Identifier: MIT */
/* Evidence of rest from several threads together: taking turns at a lock, the
 * outermost place of threads with the same start function, and crowds that gather
 * again without growing. */
#include "unit.h"

#include "core/crowd.h"
#include "core/leader.h"
#include "core/outer.h"
#include "core/stack.h"

#define SECOND 1000000000ll
#define NR     4u

static struct stack_table *stacks;

static const struct stack *stack_of(const char *const *names)
{
	struct frame frames[12] = {0};
	size_t nr = 0;

	for (; names[nr]; nr++) {
		frames[nr].function = names[nr];
		frames[nr].address = 0x1000 + nr;
	}
	return stack_intern(stacks, frames, nr, false);
}

#define STACK(...) stack_of((const char *const[]){__VA_ARGS__, NULL})

static void add(struct snapshot *snapshot, pid_t tid, enum task_state state,
		const struct stack *stack, pid_t owner)
{
	struct task *task = &snapshot->tasks[snapshot->nr_tasks++];

	*task = (struct task){.kind = TASK_THREAD,
			      .id = (uint64_t)tid,
			      .tid = tid,
			      .name = "",
			      .state = state,
			      .stack = stack,
			      .start_ns = 1 * SECOND,
			      .since_ns = 1 * SECOND};
	task->waits.fd = -1;
	task->waits.owner_tid = owner;
}

/* Threads take turns at accept or at an event, but not behind a thread that queries a
 * peer or sleeps. */
static void turns(void **state)
{
	struct task tasks[NR];
	struct snapshot snapshot = {.tasks = tasks};
	struct leaders leaders = {0};
	const struct stack *waits = STACK("pthread_mutex_lock", "take_event", "serve",
					  "run", "start_all", "begin", "start_thread");

	(void)state;
	add(&snapshot, 7, STATE_MUTEX, waits, 8);
	add(&snapshot, 8, STATE_POLL,
	    STACK("epoll_wait", "take_event", "serve", "run", "start_thread"), 0);
	assert_true(leader_has_turn(&leaders, &snapshot, &tasks[0]));

	leaders = (struct leaders){0};
	tasks[1].state = STATE_SLEEP;
	assert_false(leader_has_turn(&leaders, &snapshot, &tasks[0]));
	tasks[1].state = STATE_IO_READ;
	assert_false(leader_has_turn(&leaders, &snapshot, &tasks[0]));

	tasks[1].state = STATE_POLL;
	tasks[1].stack = STACK("epoll_wait", "ask", "pay", "charge", "order", "serve",
			       "run", "start_thread");
	tasks[0].stack = STACK("pthread_mutex_lock", "pay", "charge", "order", "serve",
			       "run", "start_thread");
	assert_false(leader_has_turn(&leaders, &snapshot, &tasks[0]));
	/* Another process holds the lock, and what that process does is unknown here. */
	tasks[1].state = STATE_ACCEPT;
	tasks[0].waits.more = &(const struct wait_more){.owner_pid = 99};
	assert_false(leader_has_turn(&leaders, &snapshot, &tasks[0]));
	/* The name of the lock is evidence if the thread waits in its own loop. */
	tasks[0].state = STATE_FLOCK;
	tasks[0].waits.text = "fd 7 /run/accept.lock (deleted), held by server 99";
	assert_false(leader_has_turn(&leaders, &snapshot, &tasks[0]));
	tasks[0].stack = STACK("fcntl", "take_lock", "listener", "start_thread");
	assert_true(leader_has_turn(&leaders, &snapshot, &tasks[0]));
	tasks[0].waits.text = "fd 7 /run/data.lock, held by server 99";
	assert_false(leader_has_turn(&leaders, &snapshot, &tasks[0]));
}

static void see(struct outers *outers, const struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->nr_tasks; i++)
		outers_put(outers, &snapshot->tasks[i]);
}

static void outermost(void **state)
{
	struct outers *outers = outers_new();
	struct task tasks[NR];
	struct snapshot snapshot = {.tasks = tasks};
	const struct stack *loop = STACK("pthread_cond_wait", "rest_a_while", "cached",
					 "handle", "spawned", "start_thread");

	(void)state;
	assert_non_null(outers);
	add(&snapshot, 7, STATE_COND, loop, 0);
	for (int i = 0; i < 10; i++)
		see(outers, &snapshot);
	/* As far as is known, the thread does all of its work there. */
	assert_false(outer_is_loop(outers, &tasks[0]));

	add(&snapshot, 8, STATE_POLL,
	    STACK("poll", "read_packet", "read_command", "command", "talk", "cached",
		  "handle", "spawned", "start_thread"),
	    0);
	see(outers, &snapshot);
	assert_false(outer_is_loop(outers, &tasks[0]));
	for (int i = 0; i < 3; i++)
		see(outers, &snapshot);
	assert_true(outer_is_loop(outers, &tasks[0]));
	assert_false(outer_is_loop(outers, &tasks[1]));
	outers_reset(outers);
	see(outers, &snapshot);
	assert_false(outer_is_loop(outers, &tasks[0]));
	outers_free(outers);
}

static void look(struct crowds *crowds, struct snapshot *snapshot)
{
	snapshot->mono_ns += SECOND;
	crowds_begin(crowds, snapshot->nr_tasks);
	for (size_t i = 0; i < snapshot->nr_tasks; i++)
		crowds_put(crowds, i, snapshot->tasks);
	crowds_end(crowds, snapshot->tasks, snapshot->mono_ns);
}

/* Threads that return from work are not growth; a thread that has begun since is. */
static void gather(void **state)
{
	struct crowds *crowds = crowds_new();
	struct task tasks[NR];
	struct snapshot snapshot = {.tasks = tasks, .mono_ns = 100 * SECOND};
	const struct stack *rest = STACK("pthread_cond_wait", "next_job", "start_thread");

	(void)state;
	assert_non_null(crowds);
	for (pid_t tid = 1; tid <= 3; tid++)
		add(&snapshot, tid, STATE_COND, rest, 0);
	for (size_t i = 0; i < 3; i++)
		tasks[i].waits.address = 0x5000;
	snapshot.nr_tasks = 2;
	look(crowds, &snapshot);
	assert_int_equal(crowd_of_object(crowds, 0).count, 2);
	assert_int_equal(crowd_of_object(crowds, 0).began, 2);
	snapshot.nr_tasks = 3;
	tasks[2].since_ns = 100 * SECOND;
	look(crowds, &snapshot);
	assert_int_equal(crowd_of_object(crowds, 0).count, 3);
	assert_int_equal(crowd_of_object(crowds, 0).began, 2);
	assert_false(crowd_of_object(crowds, 0).grows);
	/* One thread is left where three had waited. */
	snapshot.nr_tasks = 1;
	look(crowds, &snapshot);
	assert_int_equal(crowd_of_object(crowds, 0).count, 1);
	assert_int_equal(crowd_before(crowds, &tasks[0]), 3);
	snapshot.nr_tasks = 3;
	add(&snapshot, 9, STATE_COND, rest, 0);
	tasks[3].waits.address = 0x5000;
	tasks[3].start_ns = 102 * SECOND;
	look(crowds, &snapshot);
	assert_true(crowd_of_object(crowds, 0).grows);
	crowds_free(crowds);
}

/* More keys than were expected: each thread has one of its object and one of its stack, and
 * a task has one that comes again in later samples, until samples have numbers that were
 * used before. */
static void many_keys(void **state)
{
	enum { MANY = 1000, LOOKS = 600 };
	struct crowds *crowds = crowds_new();
	struct task *tasks = calloc(MANY, sizeof(*tasks));
	struct snapshot snapshot = {.tasks = tasks, .mono_ns = 100 * SECOND};
	struct stack_table *own = stack_table_new(MANY + 1);

	(void)state;
	assert_non_null(crowds);
	for (size_t i = 0; i < MANY; i++) {
		struct frame frames[] = {{.function = "f", .address = 1},
					 {.function = "g", .address = 2},
					 {.function = "h", .address = 3},
					 {.function = "main", .address = i + 10}};

		tasks[i] = (struct task){.id = i + 1, .state = STATE_COND};
		tasks[i].waits.address = 0x10000 + i / 2 * 64;
		tasks[i].stack = stack_intern(own, frames, 4, false);
	}
	for (int look_at = 0; look_at < LOOKS; look_at++) {
		snapshot.nr_tasks = look_at % 255 > 1 ? 1 : MANY - look_at % 255;
		look(crowds, &snapshot);
		for (size_t i = 0; i < snapshot.nr_tasks; i++) {
			bool alone = i + 1 == snapshot.nr_tasks && i % 2 == 0;

			assert_int_equal(crowd_of_object(crowds, i).count, alone ? 1 : 2);
			assert_int_equal(crowd_of_stack(crowds, i).count, 1);
		}
	}
	crowds_free(crowds);
	stack_table_free(own);
	free(tasks);
}

static int start(void **state)
{
	(void)state;
	stacks = stack_table_new(100);
	return stacks ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	stack_table_free(stacks);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(turns),
		cmocka_unit_test(outermost),
		cmocka_unit_test(gather),
		cmocka_unit_test(many_keys),
	};
	return cmocka_run_group_tests(tests, start, end);
}
