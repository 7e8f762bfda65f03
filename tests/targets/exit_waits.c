/* SPDX-License-Identifier: MIT */
/* Ends while other threads wait: "exit_waits KIND [STATUS]". */
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER,
		       queue = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_cond_t work = PTHREAD_COND_INITIALIZER;
static sem_t ready;

static void *wait_for_mutex(void *arg)
{
	sem_post(&ready);
	pthread_mutex_lock(&mutex);
	return arg;
}

static void *wait_for_rwlock(void *arg)
{
	sem_post(&ready);
	pthread_rwlock_rdlock(&rwlock);
	return arg;
}

static void *wait_for_work(void *arg)
{
	pthread_mutex_lock(&queue);
	sem_post(&ready);
	for (;;)
		pthread_cond_wait(&work, &queue);
	return arg;
}

static void *end_process(void *arg)
{
	usleep(50000);
	exit(*(int *)arg);
}

static void *execute(void *arg)
{
	execl("/bin/sh", "sh", "-c", "sleep 0.5; exit 6", (char *)NULL);
	return arg;
}

static void begin(void *(*function)(void *), void *arg)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, function, arg) != 0)
		exit(9);
}

int main(int argc, char **argv)
{
	const char *kind = argc > 1 ? argv[1] : "";
	int status = argc > 2 ? atoi(argv[2]) : 0;

	sem_init(&ready, 0, 0);
	pthread_mutex_lock(&mutex);
	pthread_rwlock_wrlock(&rwlock);
	if (strcmp(kind, "mutex") == 0 || strcmp(kind, "other") == 0)
		begin(wait_for_mutex, NULL);
	else if (strcmp(kind, "rwlock") == 0)
		begin(wait_for_rwlock, NULL);
	else if (strcmp(kind, "pool") == 0)
		for (int i = 0; i < 3; i++)
			begin(wait_for_work, NULL);
	else if (strcmp(kind, "exec") == 0)
		begin(execute, NULL);
	if (strcmp(kind, "signals") == 0) {
		signal(SIGUSR1, SIG_IGN);
		for (int i = 0; i < 200; i++)
			raise(SIGUSR1);
		return status;
	}
	if (strcmp(kind, "exec") == 0)
		pause();
	if (strcmp(kind, "clean") == 0) {
		pthread_t thread;

		pthread_mutex_unlock(&mutex);
		return pthread_create(&thread, NULL, wait_for_mutex, NULL) != 0 ||
				       pthread_join(thread, NULL) != 0
			       ? 9
			       : status;
	}
	sem_wait(&ready);
	/* It has printed that it is about to wait. */
	usleep(50000);
	if (strcmp(kind, "other") == 0) {
		begin(end_process, &status);
		pause();
	}
	return status;
}
