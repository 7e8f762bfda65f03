/* SPDX-License-Identifier: MIT */
/* For every sanitizer: threads, waits, memory. With BAD defined, one fault of the kind that
 * each of them finds. */
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static sem_t ready;
static int turn;
static int ends[2];

static void *work(void *argument)
{
	char *copy = strdup(argument);
	char byte;

	for (int i = 0; i < 100; i++) {
		pthread_mutex_lock(&lock);
		while (turn % 2 == 0)
			pthread_cond_wait(&changed, &lock);
		turn++;
		pthread_cond_signal(&changed);
		pthread_mutex_unlock(&lock);
	}
	sem_wait(&ready);
	if (read(ends[0], &byte, 1) != 1)
		abort();
	free(copy);
	return NULL;
}

#ifdef BAD
#if defined(__has_feature)
#define HAS(x) __has_feature(x)
#else
#define HAS(x) 0
#endif
static int raced;

static void *race(void *argument)
{
	raced++;
	return argument;
}

static void fault(int argc)
{
	pthread_t thread;
	int *volatile block = malloc(sizeof(int));

#if defined(__SANITIZE_THREAD__) || HAS(thread_sanitizer)
	pthread_create(&thread, NULL, race, NULL);
	raced++;
	pthread_join(thread, NULL);
#elif defined(__SANITIZE_ADDRESS__) || HAS(address_sanitizer)
	free(block);
	printf("%d\n", *block);
#elif HAS(memory_sanitizer)
	if (*block == argc)
		puts("odd");
#endif
	(void)race;
	(void)thread;
	volatile int most = 0x7fffffff;

	most += argc;
	block = NULL;
}
#endif

int main(int argc, char **argv)
{
	pthread_t thread;
	int status;

	(void)argv;
	sem_init(&ready, 0, 0);
	if (argc < 1 || pipe(ends) != 0)
		return 1;
	pthread_create(&thread, NULL, work, "text");
	for (int i = 0; i < 100; i++) {
		pthread_mutex_lock(&lock);
		while (turn % 2 == 1)
			pthread_cond_wait(&changed, &lock);
		turn++;
		pthread_cond_signal(&changed);
		pthread_mutex_unlock(&lock);
	}
	usleep(1000);
	sem_post(&ready);
	if (write(ends[1], "x", 1) != 1)
		return 1;
	pthread_join(thread, NULL);
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	waitpid(pid, &status, 0);
#ifdef BAD
	fault(argc);
#endif
	puts("done");
	return 0;
}
