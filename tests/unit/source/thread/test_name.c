/* SPDX-License-Identifier: MIT */
/* A thread gives names to others that sleep, and sleeps itself: all names are seen. */
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "unit.h"

#include "source/kernel/kernel.h"
#include "source/thread/thread.h"

#include "source_child.h"

#define SLEEPERS 100
#define OTHERS   8 /* at most; ThreadSanitizer has some of its own */
#define LOOKS    2000

struct shared {
	int ready, named;
	sem_t name;
};

static void *sleeper(void *arg)
{
	__atomic_add_fetch(&((struct shared *)arg)->ready, 1, __ATOMIC_RELEASE);
	for (;;)
		pause();
	return NULL;
}

static void many(void *arg)
{
	struct shared *shared = arg;
	pthread_t threads[SLEEPERS];

	for (int i = 0; i < SLEEPERS; i++)
		pthread_create(&threads[i], NULL, sleeper, arg);
	for (int i = 0; i < SLEEPERS; i++)
		pthread_setname_np(threads[i], "before");
	__atomic_add_fetch(&shared->ready, 1, __ATOMIC_RELEASE);
	while (sem_wait(&shared->name) != 0)
		;
	for (int i = 0; i < SLEEPERS; i++)
		pthread_setname_np(threads[i], "after");
	__atomic_store_n(&shared->named, 1, __ATOMIC_RELEASE);
	for (;;)
		pause();
}

struct watched {
	struct kernel kernel;
	struct thread_table table;
	pid_t *tids;
	size_t cap_tids, nr;
	struct thread *threads[SLEEPERS + OTHERS];
};

static void look(struct watched *watched)
{
	struct thread_table *table = &watched->table;

	watched->kernel.now_ns = clock_mono_ns();
	thread_table_begin(table, watched->threads, watched->nr);
	for (size_t i = 0; i < watched->nr; i++) {
		assert_int_equal(thread_sample(table, watched->threads[i]), 0);
		watched->threads[i]->generation = table->generation;
	}
	thread_table_end(table, true);
}

static size_t count_named(const struct watched *watched, const char *name)
{
	size_t count = 0;

	for (size_t i = 0; i < watched->nr; i++)
		count += strcmp(watched->threads[i]->comm, name) == 0;
	return count;
}

/* Looks until no thread has run for longer than names are reread while they run. */
static bool look_until(struct watched *watched, const char *name)
{
	unsigned rested = 0;

	for (int i = 0; i < LOOKS; i++) {
		look(watched);
		rested = watched->table.rested ? rested + 1 : 0;
		if (rested > 2 * THREAD_REREAD_SAMPLES)
			return count_named(watched, name) == SLEEPERS;
		usleep(1000);
	}
	return false;
}

static void names_of_sleepers_are_seen(void **state)
{
	struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct watched watched = {0};
	ssize_t nr;
	pid_t pid;

	assert_true(shared != MAP_FAILED);
	sem_init(&shared->name, 1, 0);
	pid = child_start(many, shared);
	while (__atomic_load_n(&shared->ready, __ATOMIC_ACQUIRE) <= SLEEPERS)
		usleep(1000);
	assert_int_equal(kernel_open(&watched.kernel, pid, NULL), 0);
	thread_table_init(&watched.table, &watched.kernel, NULL);
	nr = process_threads(&watched.kernel.process, &watched.tids, &watched.cap_tids);
	assert_in_range(nr, SLEEPERS + 1, SLEEPERS + OTHERS);
	watched.nr = (size_t)nr;
	for (size_t i = 0; i < watched.nr; i++)
		watched.threads[i] = thread_get(&watched.table, watched.tids[i]);
	assert_true(look_until(&watched, "before"));
	sem_post(&shared->name);
	while (!__atomic_load_n(&shared->named, __ATOMIC_ACQUIRE))
		usleep(1000);
	assert_true(look_until(&watched, "after"));
	thread_table_release(&watched.table);
	kernel_close(&watched.kernel);
	child_stop(pid);
	free(watched.tids);
	munmap(shared, sizeof(*shared));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_sleepers_are_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
