/* SPDX-License-Identifier: MIT */
/* Threads that wait for each other in every common way; for debuggers and checkers. With
 * RACE defined they also race. */
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define THREADS 4

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static sem_t done;
static int turn, sum, raced;
static int ends[2];

__attribute__((noinline)) int leaf(int argument)
{
	return argument + 1;
}

static void *work(void *argument)
{
	int mine = *(int *)argument;
	char byte = (char)mine;

#ifdef RACE
	raced++;
#endif
	pthread_mutex_lock(&lock);
	while (turn != mine)
		pthread_cond_wait(&changed, &lock);
	sum += leaf(mine);
	turn++;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	if (write(ends[1], &byte, 1) != 1)
		return NULL;
	sem_post(&done);
	return argument;
}

int main(void)
{
	pthread_t threads[THREADS];
	int numbers[THREADS], bytes = 0;
	const char *hold = getenv("HOSTS_HOLD");
	char byte;

	sem_init(&done, 0, 0);
	if (pipe(ends) != 0)
		return 1;
	for (int i = 0; i < THREADS; i++) {
		numbers[i] = i;
		pthread_create(&threads[i], NULL, work, &numbers[i]);
	}
	for (int i = 0; i < THREADS; i++) {
		sem_wait(&done);
		bytes += read(ends[0], &byte, 1) == 1 ? byte : 0;
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	printf("%d %d %d\n", sum, bytes, raced >= 0);
	fflush(stdout);
	while (hold && access(hold, F_OK) == 0)
		usleep(10000);
	return 0;
}
