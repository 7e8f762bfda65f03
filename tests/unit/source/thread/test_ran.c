/* SPDX-License-Identifier: MIT */
/* Which threads have run is concluded from the total of the process, and files of few of
 * them are read: each wake is noticed nevertheless, also if the thread sleeps again in the
 * same place. */
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "unit.h"

#include "source/kernel/kernel.h"
#include "source/thread/thread.h"

#include "source_child.h"

#define SLEEPERS 150
#define ROUNDS   60
#define LOOKS    400

struct shared {
	int ready;
	sem_t wake[SLEEPERS], leave[2];
	pid_t tids[SLEEPERS];
	int turns[SLEEPERS];
};

struct one {
	struct shared *shared;
	int number;
};

static void *sleeper(void *arg)
{
	struct one *one = arg;

	one->shared->tids[one->number] = gettid();
	__atomic_add_fetch(&one->shared->ready, 1, __ATOMIC_RELEASE);
	for (;;)
		if (sem_wait(&one->shared->wake[one->number]) == 0)
			__atomic_add_fetch(&one->shared->turns[one->number], 1,
					   __ATOMIC_RELEASE);
	return NULL;
}

static void *leaver(void *arg)
{
	while (sem_wait(arg) != 0)
		;
	return NULL;
}

/* One thread works all the time. */
static void many(void *arg)
{
	static struct one ones[SLEEPERS];
	pthread_t thread;

	for (int i = 0; i < SLEEPERS; i++) {
		ones[i] = (struct one){arg, i};
		pthread_create(&thread, NULL, sleeper, &ones[i]);
	}
	for (int i = 0; i < 2; i++)
		pthread_create(&thread, NULL, leaver, &((struct shared *)arg)->leave[i]);
	for (;;)
		usleep(3000);
}

struct watched {
	struct shared *shared;
	pid_t pid;
	struct kernel kernel;
	struct thread_table table;
	pid_t *tids;
	size_t cap_tids, nr;
	struct thread *threads[SLEEPERS + 8];
};

static void list(struct watched *watched)
{
	ssize_t count = process_threads(&watched->kernel.process, &watched->tids,
					&watched->cap_tids);

	assert_true(count > SLEEPERS && count < SLEEPERS + 8);
	watched->nr = (size_t)count;
	for (size_t i = 0; i < watched->nr; i++)
		watched->threads[i] = thread_get(&watched->table, watched->tids[i]);
}

static void look(struct watched *watched)
{
	struct thread_table *table = &watched->table;
	bool complete = true;

	if (process_thread_count(&watched->kernel.process) != (int64_t)watched->nr)
		list(watched);
	watched->kernel.now_ns = clock_mono_ns();
	thread_table_begin(table, watched->threads, watched->nr);
	for (size_t i = 0; i < watched->nr; i++) {
		complete &= thread_sample(table, watched->threads[i]) == 0;
		watched->threads[i]->generation = table->generation;
	}
	assert_true(complete);
	thread_table_end(table, process_thread_count(&watched->kernel.process) ==
					(int64_t)watched->nr);
}

static void watch(struct watched *watched)
{
	struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_true(shared != MAP_FAILED);
	memset(watched, 0, sizeof(*watched));
	watched->shared = shared;
	for (int i = 0; i < SLEEPERS; i++)
		sem_init(&shared->wake[i], 1, 0);
	for (int i = 0; i < 2; i++)
		sem_init(&shared->leave[i], 1, 0);
	watched->pid = child_start(many, shared);
	while (__atomic_load_n(&shared->ready, __ATOMIC_ACQUIRE) < SLEEPERS)
		usleep(1000);
	assert_int_equal(kernel_open(&watched->kernel, watched->pid, NULL), 0);
	thread_table_init(&watched->table, &watched->kernel, NULL);
	list(watched);
}

static void unwatch(struct watched *watched)
{
	thread_table_release(&watched->table);
	kernel_close(&watched->kernel);
	child_stop(watched->pid);
	free(watched->tids);
	munmap(watched->shared, sizeof(*watched->shared));
}

/* Looks until one has concluded that the others rest, though the process works. */
static bool comes_to_rest(struct watched *watched)
{
	for (int i = 0; i < LOOKS; i++) {
		look(watched);
		if (watched->table.sums.others_rest)
			return true;
		usleep(5000);
	}
	return false;
}

/* How often the kernel says that it was scheduled. */
static uint64_t turns_of(const struct watched *watched, pid_t tid)
{
	char text[96];
	unsigned long long times = 0;

	assert_true(process_thread_text(&watched->kernel.process, tid, THREAD_TIMES, text,
					sizeof(text)) > 0);
	assert_int_equal(sscanf(text, "%*s %*s %llu", &times), 1);
	return times;
}

/* Whether the kernel has taken it off its CPU, and has counted how long it ran there. */
static bool is_off(const struct watched *watched, pid_t tid)
{
	char text[256];

	assert_true(process_thread_text(&watched->kernel.process, tid, THREAD_CALL, text,
					sizeof(text)) > 0);
	return strncmp(text, "running", 7) != 0;
}

/* Wakes one, and returns when it sleeps again. */
static void wake(struct watched *watched, int number)
{
	int before = __atomic_load_n(&watched->shared->turns[number], __ATOMIC_ACQUIRE);

	sem_post(&watched->shared->wake[number]);
	while (__atomic_load_n(&watched->shared->turns[number], __ATOMIC_ACQUIRE) ==
	       before)
		usleep(100);
	while (!is_off(watched, watched->shared->tids[number]))
		usleep(100);
}

/* Of how many sleepers it is not known that they have run. A sanitizer may have a thread of
 * its own, which is not asked about. */
static size_t count_missed(struct watched *watched)
{
	size_t missed = 0;

	for (int i = 0; i < SLEEPERS; i++) {
		pid_t tid = watched->shared->tids[i];

		missed += thread_get(&watched->table, tid)->switches !=
			  turns_of(watched, tid);
	}
	return missed;
}

static void each_wake_is_noticed(void **state)
{
	struct watched watched;
	size_t missed = 0;

	watch(&watched);
	if (!turns_of(&watched, watched.pid)) {
		unwatch(&watched);
		skip();
	}
	assert_true(comes_to_rest(&watched));
	for (int round = 0; round < ROUNDS; round++) {
		/* Most of them have not run for many looks. */
		wake(&watched, round * 7 % SLEEPERS);
		look(&watched);
		missed += count_missed(&watched);
		look(&watched);
	}
	assert_int_equal(missed, 0);
	assert_true(comes_to_rest(&watched));
	unwatch(&watched);
}

/* What they had run remains part of the total. */
static void threads_that_end_do_not_matter(void **state)
{
	struct watched watched;

	watch(&watched);
	if (!turns_of(&watched, watched.pid)) {
		unwatch(&watched);
		skip();
	}
	assert_true(comes_to_rest(&watched));
	sem_post(&watched.shared->leave[0]);
	while (process_thread_count(&watched.kernel.process) == (int64_t)watched.nr)
		usleep(1000);
	list(&watched);
	for (size_t i = 0; i < watched.nr; i++)
		watched.threads[i]->generation = watched.table.generation + 1;
	watched.table.generation++;
	thread_sweep(&watched.table);
	assert_true(comes_to_rest(&watched));
	unwatch(&watched);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_wake_is_noticed),
		cmocka_unit_test(threads_that_end_do_not_matter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
