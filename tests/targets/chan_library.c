/* SPDX-License-Identifier: MIT */
/*
 * A program with its own channel library compiled in, whose functions have the names that
 * such libraries for C use: three threads wait for ever in chan_send(), chan_recv() and
 * chan_select(). Needs no agent. Prints "ready".
 */
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

struct chan {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	void *value;
	int full;
};

int chan_send(struct chan *chan, void *value);
int chan_recv(struct chan *chan, void **value);
int chan_select(struct chan **chans, int count, void **value);

/* As in a library: not part of the caller. */
#define LIBRARY __attribute__((noinline, noclone))

LIBRARY int chan_send(struct chan *chan, void *value)
{
	pthread_mutex_lock(&chan->lock);
	while (chan->full)
		pthread_cond_wait(&chan->changed, &chan->lock);
	chan->value = value;
	chan->full = 1;
	pthread_cond_broadcast(&chan->changed);
	return pthread_mutex_unlock(&chan->lock);
}

LIBRARY int chan_recv(struct chan *chan, void **value)
{
	pthread_mutex_lock(&chan->lock);
	while (!chan->full)
		pthread_cond_wait(&chan->changed, &chan->lock);
	*value = chan->value;
	chan->full = 0;
	pthread_cond_broadcast(&chan->changed);
	return pthread_mutex_unlock(&chan->lock);
}

/* Waits at the first case only, which is enough here. */
LIBRARY int chan_select(struct chan **chans, int count, void **value)
{
	pthread_mutex_lock(&chans[0]->lock);
	while (!chans[0]->full)
		pthread_cond_wait(&chans[0]->changed, &chans[0]->lock);
	*value = chans[0]->value;
	return pthread_mutex_unlock(&chans[0]->lock) + count;
}

static struct chan full = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL, 1};
static struct chan empty = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL, 0};
static struct chan other = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL, 0};

static void *producer(void *argument)
{
	pthread_setname_np(pthread_self(), "send");
	return chan_send(&full, argument) ? argument : NULL;
}

static void *consumer(void *argument)
{
	pthread_setname_np(pthread_self(), "recv");
	return chan_recv(&empty, &argument) ? NULL : argument;
}

static void *selector(void *argument)
{
	struct chan *both[] = {&other, &empty};

	pthread_setname_np(pthread_self(), "select");
	return chan_select(both, 2, &argument) ? NULL : argument;
}

int main(void)
{
	pthread_t threads[3];

	pthread_create(&threads[0], NULL, producer, NULL);
	pthread_create(&threads[1], NULL, consumer, NULL);
	pthread_create(&threads[2], NULL, selector, NULL);
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}
