/* SPDX-License-Identifier: MIT */
/*
 * For the tests of the view: three threads wait for one mutex that the main thread holds
 * ("waiter-N"), one sleeps ("sleeper"), two change their state all the time
 * ("flicker-N"), one waits for a semaphore inside a longer piece of work ("leaver") and
 * ends at SIGUSR1. SIGUSR2 frees the mutex. Prints "ready" when all of them are there;
 * ends with its standard input.
 */
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define NR_WAITERS 3

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static sem_t leave;

static void *waiter(void *number)
{
	char name[16];

	snprintf(name, sizeof(name), "waiter-%d", *(int *)number);
	pthread_setname_np(pthread_self(), name);
	pthread_mutex_lock(&lock);
	pthread_mutex_unlock(&lock);
	pause();
	return NULL;
}

__attribute__((noinline)) static int await_answer(sem_t *answer)
{
	while (sem_wait(answer) != 0)
		;
	return 1;
}

__attribute__((noinline)) static int ask(sem_t *answer)
{
	return await_answer(answer) + 1;
}

static void *leaver(void *unused)
{
	(void)unused;
	pthread_setname_np(pthread_self(), "leaver");
	return ask(&leave) > 0 ? NULL : &leave;
}

static void *flicker(void *number)
{
	/* The times differ, so that sometimes one and sometimes the other is older. */
	struct timespec pause_time = {0, 250000000 + 70000000 * *(int *)number};
	char name[16];

	snprintf(name, sizeof(name), "flicker-%d", *(int *)number);
	pthread_setname_np(pthread_self(), name);
	for (;;)
		nanosleep(&pause_time, NULL);
	return NULL;
}

static void *sleeper(void *unused)
{
	(void)unused;
	pthread_setname_np(pthread_self(), "sleeper");
	for (;;)
		sleep(1000);
	return NULL;
}

static void *end_with_stdin(void *unused)
{
	char byte;

	(void)unused;
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	exit(0);
}

static void start(void *(*function)(void *), void *arg)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, function, arg) != 0) {
		perror("pthread_create");
		exit(1);
	}
}

int main(void)
{
	static int numbers[NR_WAITERS] = {1, 2, 3};
	sigset_t signals;
	int number;

	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	sigaddset(&signals, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	sem_init(&leave, 0, 0);
	pthread_mutex_lock(&lock);
	for (int i = 0; i < NR_WAITERS; i++)
		start(waiter, &numbers[i]);
	start(leaver, NULL);
	start(flicker, &numbers[0]);
	start(flicker, &numbers[1]);
	start(sleeper, NULL);
	start(end_with_stdin, NULL);
	puts("ready");
	fflush(stdout);
	while (sigwait(&signals, &number) == 0) {
		if (number == SIGUSR1)
			sem_post(&leave);
		else
			pthread_mutex_unlock(&lock);
	}
	return 1;
}
