/* SPDX-License-Identifier: MIT */
/*
 * Plain threads at rest, as programs make them by hand: four workers on one queue, three that
 * have a queue each, a logger on a semaphore, a flusher that waits with a timeout, a reader of
 * a pipe. Works once per line; the first thread joins the others.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct queue {
	pthread_mutex_t lock;
	pthread_cond_t more;
	int count;
};

static struct queue shared = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0};
static struct queue own[3];
static sem_t lines;
static int pipes[2];
static volatile int sink;

static void queue_put(struct queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->count++;
	pthread_cond_signal(&queue->more);
	pthread_mutex_unlock(&queue->lock);
}
__attribute__((noinline)) static int queue_take(struct queue *queue)
{
	int left;

	pthread_mutex_lock(&queue->lock);
	while (queue->count == 0)
		pthread_cond_wait(&queue->more, &queue->lock);
	left = --queue->count;
	pthread_mutex_unlock(&queue->lock);
	return left;
}
static void *take_jobs(void *queue)
{
	for (;;)
		sink += queue_take(queue);
	return NULL;
}
static void *write_log(void *arg)
{
	for (;;)
		if (sem_wait(&lines) == 0)
			sink++;
	return arg;
}
static void *flush(void *arg)
{
	static struct queue never = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER,
				     0};
	struct timespec until;

	pthread_mutex_lock(&never.lock);
	for (;;) {
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += 30;
		pthread_cond_timedwait(&never.more, &never.lock, &until);
	}
	return arg;
}
static void *read_events(void *arg)
{
	char byte;

	while (read(pipes[0], &byte, 1) == 1)
		sink += byte;
	return arg;
}
static void *read_lines(void *arg)
{
	char line[100];

	while (fgets(line, sizeof(line), stdin)) {
		for (int i = 0; i < 4; i++)
			queue_put(&shared);
		for (int i = 0; i < 3; i++)
			queue_put(&own[i]);
		sem_post(&lines);
		if (write(pipes[1], "x", 1) != 1)
			break;
	}
	for (;;)
		pause();
	return arg;
}

int main(void)
{
	pthread_t reader, thread;

	sem_init(&lines, 0, 0);
	if (pipe(pipes) < 0)
		return 1;
	for (int i = 0; i < 4; i++)
		pthread_create(&thread, NULL, take_jobs, &shared);
	for (int i = 0; i < 3; i++) {
		pthread_mutex_init(&own[i].lock, NULL);
		pthread_cond_init(&own[i].more, NULL);
		pthread_create(&thread, NULL, take_jobs, &own[i]);
	}
	pthread_create(&thread, NULL, write_log, NULL);
	pthread_create(&thread, NULL, flush, NULL);
	pthread_create(&thread, NULL, read_events, NULL);
	pthread_create(&reader, NULL, read_lines, NULL);
	puts("ready");
	fflush(stdout);
	pthread_join(reader, NULL);
	return 0;
}
