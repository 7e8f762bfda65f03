/* SPDX-License-Identifier: MIT */
/* Waits of any libc, each in a function of its own. Those of musl have no unwind
 * tables. */
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <threads.h>
#include <unistd.h>

static pthread_mutex_t recursive, checked, plain = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t own = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t written = PTHREAD_RWLOCK_INITIALIZER;
static pthread_rwlock_t seen = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t three;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_t sleeper;
static sem_t none;
static mtx_t recursive_mtx;
static int numbers[64];
static volatile int in_once;

#define WAIT(name, what)                                                                 \
	static void *name(void *arg)                                                     \
	{                                                                                \
		what;                                                                    \
		__asm__ volatile(""); /* no jump to what it calls */                     \
		return arg;                                                              \
	}

static void never_ends(void)
{
	in_once = 1;
	for (;;)
		pause();
}

static int compare(const void *a, const void *b)
{
	pthread_mutex_lock(&recursive);
	return *(const int *)a - *(const int *)b;
}

WAIT(wait_recursive, pthread_mutex_lock(&recursive))
WAIT(wait_checked, pthread_mutex_lock(&checked))
WAIT(wait_plain, pthread_mutex_lock(&plain))
WAIT(wait_mtx, mtx_lock(&recursive_mtx))
WAIT(wait_cond, pthread_mutex_lock(&own); pthread_cond_wait(&changed, &own))
WAIT(wait_read, pthread_rwlock_rdlock(&written))
WAIT(wait_write, pthread_rwlock_wrlock(&seen))
WAIT(wait_barrier, pthread_barrier_wait(&three))
WAIT(wait_semaphore, sem_wait(&none))
WAIT(wait_join, pthread_join(sleeper, NULL))
WAIT(wait_once, pthread_once(&once, never_ends))
WAIT(hold_once, pthread_once(&once, never_ends))
WAIT(wait_sleep, sleep(3000))
WAIT(wait_sort, qsort(numbers, 64, sizeof(numbers[0]), compare))

static void *wait_pipe(void *arg)
{
	int ends[2];
	char byte;

	if (pipe(ends) == 0 && read(ends[0], &byte, 1) < 0)
		return NULL;
	return arg;
}

int main(void)
{
	static void *(*const waits[])(void *) = {
		wait_recursive, wait_checked, wait_plain, wait_mtx,     wait_cond,
		wait_cond,      wait_read,    wait_write, wait_barrier, wait_barrier,
		wait_semaphore, wait_join,    wait_once,  wait_pipe,    wait_sort,
	};
	pthread_mutexattr_t kind;
	pthread_t thread;

	pthread_mutexattr_init(&kind);
	pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&recursive, &kind);
	pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_ERRORCHECK);
	pthread_mutex_init(&checked, &kind);
	mtx_init(&recursive_mtx, mtx_recursive);
	pthread_mutex_lock(&recursive);
	pthread_mutex_lock(&checked);
	pthread_mutex_lock(&plain);
	mtx_lock(&recursive_mtx);
	pthread_rwlock_wrlock(&written);
	pthread_rwlock_rdlock(&seen);
	pthread_barrier_init(&three, NULL, 3);
	pthread_create(&sleeper, NULL, wait_sleep, NULL);
	pthread_create(&thread, NULL, hold_once, NULL);
	while (!in_once)
		usleep(1000);
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++)
		pthread_create(&thread, NULL, waits[i], NULL);
	puts("ready");
	fflush(stdout);
	return getchar();
}
