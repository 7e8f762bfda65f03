/* SPDX-License-Identifier: MIT */
/*
 * Two threads pass a turn through every kind of wait, as correct programs do. Sanitizers
 * and checkers must find nothing in it, with the agent or without. Each kind guards the
 * same plain word, so a checker that missed one would report a race. With RACE defined
 * there is one.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 200

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t shared = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t meet;
static sem_t turns[2];
static int pipes[2][2], sockets[2];
static int turn;
static long word; /* plain: only what is tested here guards it */

static void by_mutex(int me)
{
	struct timespec past = {1, 0};

	pthread_mutex_lock(&lock);
	word++;
	pthread_mutex_unlock(&lock);
	if (pthread_mutex_timedlock(&lock, &past) == 0) {
		word++;
		pthread_mutex_unlock(&lock);
	}
	if (pthread_mutex_trylock(&lock) == 0) {
		word++;
		pthread_mutex_unlock(&lock);
	}
}

static void by_cond(int me)
{
	struct timespec past = {1, 0};

	pthread_mutex_lock(&lock);
	while (turn != me)
		pthread_cond_wait(&changed, &lock);
	word++;
	pthread_cond_timedwait(&changed, &lock, &past);
	word++;
	turn = !me;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static void by_rwlock(int me)
{
	long seen;

	pthread_rwlock_rdlock(&shared);
	seen = word;
	pthread_rwlock_unlock(&shared);
	pthread_rwlock_wrlock(&shared);
	word += seen >= 0;
	pthread_rwlock_unlock(&shared);
	if (pthread_rwlock_trywrlock(&shared) == 0) {
		word++;
		pthread_rwlock_unlock(&shared);
	}
}

static void by_semaphore(int me)
{
	sem_wait(&turns[me]);
	word++;
	sem_post(&turns[!me]);
}

static void by_barrier(int me)
{
	if (me == 0)
		word++;
	pthread_barrier_wait(&meet);
	if (me == 1)
		word++;
	pthread_barrier_wait(&meet);
}

static void by_pipe(int me)
{
	char byte = 'x';

	if (read(pipes[me][0], &byte, 1) != 1)
		return;
	word++;
	if (write(pipes[!me][1], &byte, 1) != 1)
		return;
}

static void by_socket(int me)
{
	struct pollfd ready = {.fd = sockets[me], .events = POLLIN};
	char byte = 'x';

	if (me == 1)
		word++;
	if (me == 1)
		send(sockets[1], &byte, 1, 0);
	poll(&ready, 1, -1);
	recv(sockets[me], &byte, 1, 0);
	if (me == 0) {
		word++;
		send(sockets[0], &byte, 1, 0);
	}
}

static void *sum(void *argument)
{
	word++;
	return argument;
}

/* Children of one thread only, while the other waits at the barrier. */
static void by_join(int me)
{
	struct timespec short_time = {0, 100000};
	pthread_t thread;

	if (me == 0) {
		pthread_create(&thread, NULL, sum, NULL);
		pthread_join(thread, NULL);
		word++;
		nanosleep(&short_time, NULL);
	}
	pthread_barrier_wait(&meet);
}

static void (*const kinds[])(int) = {by_mutex,   by_cond, by_rwlock, by_semaphore,
				     by_barrier, by_pipe, by_socket, by_join};

static void *pass(void *argument)
{
	int me = *(int *)argument;

	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		/* A checker takes long with many threads. */
		for (int i = 0; i < (kinds[k] == by_join ? 5 : ROUNDS); i++)
			kinds[k](me);
		pthread_barrier_wait(&meet);
	}
#ifdef RACE
	word++;
#endif
	return argument;
}

static void *cancelled(void *argument)
{
	/* Not on the stack, because some runtimes keep marks of a frame that is
	 * cancelled. */
	static char byte;

	while (read(pipes[0][0], &byte, 1) == 1)
		;
	return argument;
}

int main(void)
{
	int numbers[2] = {0, 1}, status = -1;
	pthread_t threads[2];
	void *result;

	pthread_barrier_init(&meet, NULL, 2);
	for (int i = 0; i < 2; i++) {
		sem_init(&turns[i], 0, i == 0);
		if (pipe(pipes[i]) != 0)
			return 1;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) != 0 ||
	    write(pipes[0][1], "x", 1) != 1)
		return 1;
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, pass, &numbers[i]);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	if (read(pipes[0][0], &status, 1) != 1)
		return 1;
	pthread_create(&threads[0], NULL, cancelled, NULL);
	pthread_cancel(threads[0]);
	pthread_join(threads[0], &result);
	pid_t child = fork();

	if (child == 0) {
		by_mutex(0);
		_exit(7);
	}
	waitpid(child, &status, 0);
	printf("%ld %d %#x\n", word > 0 ? 1 : word, result == PTHREAD_CANCELED, status);
	return 0;
}
