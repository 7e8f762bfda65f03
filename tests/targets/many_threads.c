/* SPDX-License-Identifier: MIT */
/* N threads that are blocked for ever in a mix of waits, on small stacks. Prints "ready"
 * once all of them are, and ends with its input. With "busy" one more thread wakes up a
 * hundred times a second; with "turns" one in a hundred begins another wait each second.
 * Usage: many_threads N [busy | turns] */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STACK_BYTES 32768u
#define MUTEXES     16u

static pthread_mutex_t held[MUTEXES];
static pthread_mutex_t cond_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
static int pipe_fds[2];
static atomic_uint about_to_block;

static void *wait_mutex(void *arg)
{
	atomic_fetch_add(&about_to_block, 1);
	pthread_mutex_lock(&held[(size_t)arg % MUTEXES]);
	return NULL;
}

static void *wait_cond(void *arg)
{
	pthread_mutex_lock(&cond_lock);
	atomic_fetch_add(&about_to_block, 1);
	for (;;)
		pthread_cond_wait(&never, &cond_lock);
	return arg;
}

static void *wait_read(void *arg)
{
	char byte;

	atomic_fetch_add(&about_to_block, 1);
	while (read(pipe_fds[0], &byte, 1) < 0)
		;
	return arg;
}

static void *wait_sleep(void *arg)
{
	atomic_fetch_add(&about_to_block, 1);
	for (;;)
		sleep(3600);
	return arg;
}

static void *work(void *arg)
{
	for (;;)
		usleep(10000);
	return arg;
}

/* One in ten, each for ten seconds. */
static void *wait_in_turns(void *arg)
{
	atomic_fetch_add(&about_to_block, 1);
	usleep((useconds_t)((size_t)arg * 7919 % 1000 * 10000));
	for (;;)
		sleep(10);
	return arg;
}

static void *(*const waits[])(void *) = {wait_mutex, wait_cond, wait_read, wait_sleep};

int main(int argc, char **argv)
{
	unsigned count = argc > 1 ? (unsigned)atoi(argv[1]) : 100;
	bool turns = argc > 2 && strcmp(argv[2], "turns") == 0;
	pthread_attr_t attr;
	pthread_t thread;
	char byte;

	for (unsigned i = 0; i < MUTEXES; i++) {
		pthread_mutex_init(&held[i], NULL);
		pthread_mutex_lock(&held[i]);
	}
	if (pipe(pipe_fds) != 0 || pthread_attr_init(&attr) != 0)
		return 1;
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	pthread_attr_setguardsize(&attr, 0);
	for (unsigned i = 0; i < count; i++)
		if (pthread_create(&thread, &attr,
				   turns && i % 10 == 9 ? wait_in_turns : waits[i % 4],
				   (void *)(size_t)(i / 4)) != 0) {
			printf("only %u threads\n", i);
			return 1;
		}
	if (argc > 2 && strcmp(argv[2], "busy") == 0)
		pthread_create(&thread, &attr, work, NULL);
	while (atomic_load(&about_to_block) < count)
		usleep(1000);
	puts("ready");
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	_exit(0);
}
