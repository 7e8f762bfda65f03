/* SPDX-License-Identifier: MIT */
/* Two deadlocks: two threads and two mutexes; and the first thread in a join of a thread
 * that waits for a mutex of the first. */
#include <pthread.h>
#include <stdio.h>

static pthread_mutex_t first, second, joiner;
static pthread_barrier_t both;

static void *forwards(void *arg)
{
	pthread_mutex_lock(&first);
	pthread_barrier_wait(&both);
	pthread_mutex_lock(&second);
	return arg;
}

static void *backwards(void *arg)
{
	pthread_mutex_lock(&second);
	pthread_barrier_wait(&both);
	pthread_mutex_lock(&first);
	return arg;
}

static void *wants_joiner(void *arg)
{
	pthread_mutex_lock(&joiner);
	return arg;
}

int main(void)
{
	pthread_mutexattr_t kind;
	pthread_t thread;

	pthread_mutexattr_init(&kind);
	pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&first, &kind);
	pthread_mutex_init(&second, &kind);
	pthread_mutex_init(&joiner, &kind);
	pthread_barrier_init(&both, NULL, 2);
	pthread_mutex_lock(&joiner);
	pthread_create(&thread, NULL, forwards, NULL);
	pthread_create(&thread, NULL, backwards, NULL);
	pthread_create(&thread, NULL, wants_joiner, NULL);
	puts("ready");
	fflush(stdout);
	pthread_join(thread, NULL);
	return 0;
}
