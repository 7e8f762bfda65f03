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

/* Adds threads 1 to nr, which wait for work. */
static const struct stack *add_resting(struct snapshot *snapshot, pid_t nr)
{
	const struct stack *rest = STACK("pthread_cond_wait", "next_job", "start_thread");

	for (pid_t tid = 1; tid <= nr; tid++)
		add(snapshot, tid, STATE_COND, rest, 0);
	return rest;
}

/* Threads that return from work are not growth; a thread that has begun since is. */
static void gather(void **state)
{
	struct crowds *crowds = crowds_new();
	struct task tasks[NR];
	struct snapshot snapshot = {.tasks = tasks, .mono_ns = 100 * SECOND};
	const struct stack *rest;

	(void)state;
	assert_non_null(crowds);
	rest = add_resting(&snapshot, 3);
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
	assert_int_equal(crowd_before(crowds, 0), 3);
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

/* Two tasks are gone for some looks, and then together again: whatever number the look has, it
 * counts only them. */
static void apart(void **state)
{
	struct crowds *crowds = crowds_new();
	struct task tasks[NR];
	struct snapshot snapshot = {.tasks = tasks, .mono_ns = 100 * SECOND};

	(void)state;
	assert_non_null(crowds);
	add_resting(&snapshot, 2);
	for (int gone = 1; gone < 520; gone += gone < 250 ? 83 : 1) {
		for (int i = 0; i < gone; i++) {
			snapshot.nr_tasks = 0;
			look(crowds, &snapshot);
		}
		snapshot.nr_tasks = 2;
		look(crowds, &snapshot);
		assert_int_equal(crowd_of_stack(crowds, 0).count, 2);
		assert_int_equal(crowd_of_stack(crowds, 1).began, 2);
	}
	crowds_free(crowds);
}

enum { CHANGING = 120 };

static uint32_t below(uint64_t *random, uint32_t limit)
{
	*random = *random * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(*random >> 33) % limit;
}

static void change(struct task *task, uint64_t *random, const struct snapshot *snapshot)
{
	static const enum task_state states[] = {STATE_COND, STATE_MUTEX, STATE_RUNNING,
						 STATE_IO_READ};
	uint32_t objects = below(random, 8) ? 12 : 2;

	task->kind = below(random, 4) ? TASK_THREAD : TASK_GOROUTINE;
	task->state = states[below(random, 4)];
	task->pid = (pid_t)below(random, 2);
	task->waits.fd = -1;
	task->waits.address = 0x1000 * (uint64_t)below(random, objects);
	task->stack = below(random, 9) ? STACK(below(random, 2) ? "wait" : "pause",
					       below(random, 3) ? "work" : "rest",
					       below(random, 3) ? "main" : "start_thread")
				       : NULL;
	task->since_ns = snapshot->mono_ns - (int64_t)below(random, 3) * SECOND;
	task->start_ns = task->since_ns - (int64_t)below(random, 3) * SECOND;
}

/* Counts the tasks that wait as this one does, in the plainest way. */
static uint32_t alike(const struct snapshot *snapshot, const struct task *task,
		      bool stack)
{
	uint32_t count = 0;

	if (!state_blocks(task->state) || !task->stack ||
	    (stack ? task->kind != TASK_THREAD : task->waits.address == 0))
		return 1;
	for (size_t i = 0; i < snapshot->nr_tasks; i++) {
		const struct task *other = &snapshot->tasks[i];

		if (other->state != task->state || !other->stack)
			continue;
		if (stack)
			count +=
				other->kind == TASK_THREAD && other->stack == task->stack;
		else
			count += other->stack->place == task->stack->place &&
				 other->waits.address == task->waits.address &&
				 other->pid == task->pid;
	}
	return count;
}

static void assert_same_crowd(struct crowd a, struct crowd b, uint32_t count)
{
	assert_int_equal(a.count, count);
	assert_int_equal(b.count, count);
	assert_int_equal(a.began, b.began);
	assert_int_equal(a.grows, b.grows);
}

/* Tasks change, come and go at random, often few of them. Each look finds the same as a plain
 * count does, and as crowds whose tasks are in another order at each look, so that nothing
 * that the look before left for a task is of use. */
static void changing(void **state)
{
	enum { LOOKS = 1200 };
	struct crowds *crowds = crowds_new(), *others = crowds_new();
	struct task tasks[CHANGING] = {0}, turned[CHANGING] = {0};
	struct snapshot snapshot = {.tasks = tasks, .mono_ns = 100 * SECOND};
	struct snapshot other = {.tasks = turned, .mono_ns = 100 * SECOND};
	uint64_t random = 42;

	(void)state;
	for (size_t i = 0; i < CHANGING; i++)
		change(&tasks[i], &random, &snapshot);
	for (int at = 0; at < LOOKS; at++) {
		uint32_t changes = below(&random, 5) ? below(&random, 4) : CHANGING;
		size_t turn;

		while (changes-- > 0)
			change(&tasks[below(&random, CHANGING)], &random, &snapshot);
		if (at % 300 == 299) {
			crowds_reset(crowds);
			crowds_reset(others);
		}
		if (below(&random, 3) == 0)
			snapshot.nr_tasks = below(&random, 9) ? CHANGING : 5;
		other.nr_tasks = snapshot.nr_tasks;
		turn = other.nr_tasks ? below(&random, (uint32_t)other.nr_tasks) : 0;
		for (size_t i = 0; i < other.nr_tasks; i++)
			turned[(i + turn) % other.nr_tasks] = tasks[i];
		look(crowds, &snapshot);
		look(others, &other);
		for (size_t i = 0; i < snapshot.nr_tasks; i++) {
			size_t k = (i + turn) % snapshot.nr_tasks;

			assert_same_crowd(crowd_of_object(crowds, i),
					  crowd_of_object(others, k),
					  alike(&snapshot, &tasks[i], false));
			assert_same_crowd(crowd_of_stack(crowds, i),
					  crowd_of_stack(others, k),
					  alike(&snapshot, &tasks[i], true));
			assert_int_equal(crowd_before(crowds, i),
					 crowd_before(others, k));
		}
	}
	crowds_free(crowds);
	crowds_free(others);
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
		cmocka_unit_test(turns),  cmocka_unit_test(outermost),
		cmocka_unit_test(gather), cmocka_unit_test(many_keys),
		cmocka_unit_test(apart),  cmocka_unit_test(changing),
	};
	return cmocka_run_group_tests(tests, start, end);
}
