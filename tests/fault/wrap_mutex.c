/* SPDX-License-Identifier: MIT */
/*
 * Mutexes that one side locks without libc's own function: they exclude, wake who waits,
 * and work with conditions, also where a program gets its second thread while one is
 * locked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

#include "grmon.h"
#include "wrap_region.h"

#define THREADS 4
#define ROUNDS  20000

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turned = PTHREAD_COND_INITIALIZER;
static int inside, total, turn, waiter_tid;

static void *take(void *unused)
{
	__atomic_store_n(&waiter_tid, gettid(), __ATOMIC_RELEASE);
	pthread_mutex_lock(&lock);
	total++;
	pthread_mutex_unlock(&lock);
	return unused;
}

/* The first test: no thread of the program has been created yet. */
static void test_second_thread_waits(void **state)
{
	struct region region = {0};
	struct wire_slot slot = {0};
	pthread_t thread;
	bool waits = false;

	(void)state;
	pthread_mutex_lock(&lock);
	assert_int_equal(pthread_mutex_trylock(&lock), EBUSY);
	assert_int_equal(pthread_create(&thread, NULL, take, NULL), 0);
	for (int i = 0; i < 500 && !waits; i++) {
		int tid = __atomic_load_n(&waiter_tid, __ATOMIC_ACQUIRE);

		if (!region.map)
			region_open(&region, getpid());
		waits = tid != 0 && region.map && region_slot(&region, tid, &slot) &&
			slot.state == GRMON_MUTEX;
		usleep(10000);
	}
	assert_true(waits);
	assert_int_equal(slot.object, (uintptr_t)&lock);
	assert_int_equal(total, 0);
	pthread_mutex_unlock(&lock);
	pthread_join(thread, NULL);
	assert_int_equal(total, 1);
}

static void *count(void *argument)
{
	const struct timespec never = {.tv_sec = INT32_MAX};
	int how = (int)(intptr_t)argument;

	for (int i = 0; i < ROUNDS; i++) {
		if (how == 0)
			pthread_mutex_timedlock(&lock, &never);
		else if (how == 1)
			while (pthread_mutex_trylock(&lock) != 0)
				sched_yield();
		else
			pthread_mutex_lock(&lock);
		inside++;
		if (inside != 1)
			abort();
		total++;
		inside--;
		pthread_mutex_unlock(&lock);
	}
	return NULL;
}

static void test_one_at_a_time(void **state)
{
	pthread_t threads[THREADS];

	(void)state;
	total = 0;
	for (intptr_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count, (void *)i), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(total, THREADS * ROUNDS);
}

static void *take_turns(void *argument)
{
	int mine = (int)(intptr_t)argument;

	pthread_mutex_lock(&lock);
	for (int i = 0; i < ROUNDS / 10; i++) {
		while (turn != mine)
			pthread_cond_wait(&turned, &lock);
		turn = !mine;
		pthread_cond_signal(&turned);
	}
	pthread_mutex_unlock(&lock);
	return NULL;
}

static void test_condition(void **state)
{
	pthread_t threads[2];

	(void)state;
	for (intptr_t i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take_turns, (void *)i),
				 0);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(pthread_mutex_trylock(&lock), 0);
	pthread_mutex_unlock(&lock);
	assert_int_equal(pthread_mutex_destroy(&lock), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_second_thread_waits),
		cmocka_unit_test(test_one_at_a_time),
		cmocka_unit_test(test_condition),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
