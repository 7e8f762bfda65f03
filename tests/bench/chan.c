/* SPDX-License-Identifier: MIT */
/*
 * Channels compared with a plain queue of a pthread mutex and conditions, both in this
 * process and in turns. Each figure is the median of the ratios of the rounds. The
 * library is loaded by dlopen(), so that its channels publish as they always do while the
 * baseline calls libc's pthread functions and not the interposed ones.
 */
#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "grmon_chan.h"

#define ROUNDS      7
#define THREADS_MAX 4
#define CAPACITY    64

static struct {
	struct grmon_chan *(*new)(size_t, size_t);
	void (*free)(struct grmon_chan *);
	int (*send)(struct grmon_chan *, const void *);
	int (*recv)(struct grmon_chan *, void *);
} api;

/* The baseline: a ring, or with capacity 0 a rendezvous whose sender waits until the
 * element is taken. Signals are sent after unlocking, which is fastest with glibc. */
struct plain {
	pthread_mutex_t lock;
	pthread_cond_t not_full, not_empty, taken;
	size_t capacity, head, length;
	uint64_t nr_put, nr_taken;
	uint64_t ring[CAPACITY];
};

static void plain_put(struct plain *queue, uint64_t value)
{
	size_t room = queue->capacity ? queue->capacity : 1;
	uint64_t ticket;

	pthread_mutex_lock(&queue->lock);
	while (queue->length == room)
		pthread_cond_wait(&queue->not_full, &queue->lock);
	queue->ring[(queue->head + queue->length++) % CAPACITY] = value;
	ticket = ++queue->nr_put;
	if (queue->capacity > 0) {
		pthread_mutex_unlock(&queue->lock);
		pthread_cond_signal(&queue->not_empty);
		return;
	}
	pthread_cond_signal(&queue->not_empty);
	while (queue->nr_taken < ticket)
		pthread_cond_wait(&queue->taken, &queue->lock);
	pthread_mutex_unlock(&queue->lock);
}

static uint64_t plain_take(struct plain *queue)
{
	uint64_t value;

	pthread_mutex_lock(&queue->lock);
	while (queue->length == 0)
		pthread_cond_wait(&queue->not_empty, &queue->lock);
	value = queue->ring[queue->head];
	queue->head = (queue->head + 1) % CAPACITY;
	queue->length--;
	queue->nr_taken++;
	pthread_mutex_unlock(&queue->lock);
	pthread_cond_signal(&queue->not_full);
	if (queue->capacity == 0)
		pthread_cond_broadcast(&queue->taken);
	return value;
}

struct run {
	struct grmon_chan *chan; /* NULL for the baseline */
	struct plain plain;
	pthread_barrier_t start;
	uint64_t sends, recvs; /* per sender, per receiver */
	uint64_t sum;
};

static void *run_sender(void *arg)
{
	struct run *run = arg;

	pthread_barrier_wait(&run->start);
	for (uint64_t i = 1; i <= run->sends; i++) {
		if (run->chan)
			api.send(run->chan, &i);
		else
			plain_put(&run->plain, i);
	}
	return NULL;
}

static void *run_receiver(void *arg)
{
	struct run *run = arg;
	uint64_t sum = 0, value = 0;

	pthread_barrier_wait(&run->start);
	for (uint64_t i = 0; i < run->recvs; i++) {
		if (run->chan)
			api.recv(run->chan, &value);
		else
			value = plain_take(&run->plain);
		sum += value;
	}
	__atomic_add_fetch(&run->sum, sum, __ATOMIC_RELAXED);
	return NULL;
}

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* Nanoseconds per element. */
static double measure(bool channel, size_t capacity, int senders, int receivers,
		      uint64_t elements)
{
	static struct run run;
	pthread_t threads[2 * THREADS_MAX];
	double began;
	int nr = 0;

	memset(&run, 0, sizeof(run));
	pthread_mutex_init(&run.plain.lock, NULL);
	pthread_cond_init(&run.plain.not_full, NULL);
	pthread_cond_init(&run.plain.not_empty, NULL);
	pthread_cond_init(&run.plain.taken, NULL);
	run.plain.capacity = capacity;
	run.chan = channel ? api.new(sizeof(uint64_t), capacity) : NULL;
	run.sends = elements / (uint64_t)senders;
	run.recvs = elements / (uint64_t)receivers;
	pthread_barrier_init(&run.start, NULL, (unsigned)(senders + receivers + 1));
	for (int i = 0; i < senders; i++)
		pthread_create(&threads[nr++], NULL, run_sender, &run);
	for (int i = 0; i < receivers; i++)
		pthread_create(&threads[nr++], NULL, run_receiver, &run);
	pthread_barrier_wait(&run.start);
	began = now_ns();
	for (int i = 0; i < nr; i++)
		pthread_join(threads[i], NULL);
	began = (now_ns() - began) / (double)elements;
	if (run.sum != run.sends * (run.sends + 1) / 2 * (uint64_t)senders)
		printf("the sum of what was received is wrong\n");
	if (run.chan)
		api.free(run.chan);
	return began;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void compare(const char *kind, size_t capacity, int senders, int receivers,
		    uint64_t elements)
{
	double ratio[ROUNDS], ns[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		/* The two sides take turns at going first, so that neither always runs
		 * warm. */
		double first = measure(i % 2, capacity, senders, receivers, elements);
		double second = measure(!(i % 2), capacity, senders, receivers, elements);

		ns[i] = i % 2 ? first : second;
		ratio[i] = ns[i] / (i % 2 ? second : first);
	}
	qsort(ratio, ROUNDS, sizeof(ratio[0]), by_value);
	qsort(ns, ROUNDS, sizeof(ns[0]), by_value);
	printf("chan %s %d:%d, ratio to mutex+cond\t%.2f\tx\t<=1.0\n", kind, senders,
	       receivers, ratio[ROUNDS / 2]);
	printf("chan %s %d:%d, one element\t%.0f\tns\t\n", kind, senders, receivers,
	       ns[ROUNDS / 2]);
	fflush(stdout);
}

static bool load(void)
{
	char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 32);
	void *library;

	if (length < 0)
		return false;
	path[length] = '\0';
	for (int up = 0; up < 3; up++)
		*strrchr(path, '/') = '\0';
	strcat(path, "/libgrmon.so");
	library = dlopen(path, RTLD_NOW);
	if (!library) {
		printf("%s\n", dlerror());
		return false;
	}
	*(void **)&api.new = dlsym(library, "grmon_chan_new");
	*(void **)&api.free = dlsym(library, "grmon_chan_free");
	*(void **)&api.send = dlsym(library, "grmon_chan_send");
	*(void **)&api.recv = dlsym(library, "grmon_chan_recv");
	return api.new != NULL &&api.free != NULL &&api.send != NULL &&api.recv != NULL;
}

int main(void)
{
	if (!load())
		return 1;
	compare("buffered", CAPACITY, 1, 1, 400000);
	compare("buffered", CAPACITY, 4, 1, 200000);
	compare("buffered", CAPACITY, 4, 4, 200000);
	compare("unbuffered", 0, 1, 1, 20000);
	compare("unbuffered", 0, 4, 1, 20000);
	compare("unbuffered", 0, 4, 4, 20000);
	return 0;
}
