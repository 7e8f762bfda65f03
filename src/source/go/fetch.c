/* SPDX-License-Identifier: MIT */
/* See fetch.h. The batches are a ring. A thread that has nothing else to do reads the oldest
 * one that the other one does not. */
#include "source/go/fetch.h"

#include <sched.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/threads.h"

#define RING        4u
#define PATIENCE_NS (200 * CLOCK_MS_NS)

enum slot_state {
	SLOT_FREE,
	SLOT_ADDED,
	SLOT_READING,
	SLOT_READ,
};

struct slot {
	struct go_batch *batch;
	enum slot_state state;
};

struct go_fetch {
	struct slot slots[RING];
	size_t nr_slots;     /* that are used in this sample */
	size_t first, added; /* numbers of the oldest batch and of the next one */

	pthread_t thread;
	bool started;
	pthread_mutex_t lock; /* for the slots' states, and for what follows */
	pthread_cond_t changed;
	bool stop;
	bool left; /* the second thread is the last one to use this */
	bool helped;
	/* the batch that the second thread reads, or NULL; it may be in no slot any more */
	struct go_batch *away;
	int64_t patience_ns;
};

static struct go_batch *batch_new(void)
{
	struct go_batch *batch = calloc(1, sizeof(*batch));

	if (batch && !go_batch_init(batch)) {
		go_batch_release(batch);
		free(batch);
		return NULL;
	}
	return batch;
}

static void batch_free(struct go_batch *batch)
{
	if (batch)
		go_batch_release(batch);
	free(batch);
}

struct go_fetch *go_fetch_new(void)
{
	struct go_fetch *fetch = calloc(1, sizeof(*fetch));

	if (!fetch)
		return NULL;
	pthread_mutex_init(&fetch->lock, NULL);
	threads_init_cond(&fetch->changed);
	fetch->patience_ns = PATIENCE_NS;
	fetch->nr_slots = 1;
	fetch->slots[0].batch = batch_new();
	if (!fetch->slots[0].batch) {
		go_fetch_free(fetch);
		return NULL;
	}
	return fetch;
}

static void release(struct go_fetch *fetch)
{
	for (size_t i = 0; i < RING; i++)
		batch_free(fetch->slots[i].batch);
	pthread_cond_destroy(&fetch->changed);
	pthread_mutex_destroy(&fetch->lock);
	free(fetch);
}

void go_fetch_free(struct go_fetch *fetch)
{
	bool left;
	pthread_t thread;

	if (!fetch)
		return;
	if (!fetch->started) {
		release(fetch);
		return;
	}
	pthread_mutex_lock(&fetch->lock);
	thread = fetch->thread;
	fetch->stop = true;
	left = fetch->left = fetch->away != NULL;
	pthread_cond_broadcast(&fetch->changed);
	pthread_mutex_unlock(&fetch->lock);
	/* If it is reading, nobody waits for it, since it may never come back. */
	if (left) {
		pthread_detach(thread);
	} else {
		pthread_join(thread, NULL);
		release(fetch);
	}
}

static bool may_use_two(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 1;
}

/* Returns the oldest slot that nobody reads yet, or NULL. */
static struct slot *next_added(struct go_fetch *fetch)
{
	for (size_t at = fetch->first; at < fetch->added; at++) {
		struct slot *slot = &fetch->slots[at % fetch->nr_slots];

		if (slot->state == SLOT_ADDED)
			return slot;
	}
	return NULL;
}

/* Puts a batch back that has been read. Returns false if the slot has another one by now. */
static bool put_read(struct go_fetch *fetch, const struct go_batch *batch)
{
	for (size_t i = 0; i < RING; i++)
		if (fetch->slots[i].batch == batch) {
			fetch->slots[i].state = SLOT_READ;
			return true;
		}
	return false;
}

static void *help(void *ctx)
{
	struct go_fetch *fetch = ctx;
	bool left;

	pthread_mutex_lock(&fetch->lock);
	while (!fetch->stop) {
		struct slot *slot = next_added(fetch);
		struct go_batch *batch;

		if (!slot) {
			pthread_cond_wait(&fetch->changed, &fetch->lock);
			continue;
		}
		slot->state = SLOT_READING;
		batch = fetch->away = slot->batch;
		pthread_mutex_unlock(&fetch->lock);
		go_batch_fetch(batch);
		pthread_mutex_lock(&fetch->lock);
		fetch->away = NULL;
		fetch->helped = true;
		if (!put_read(fetch, batch))
			batch_free(batch);
		pthread_cond_broadcast(&fetch->changed);
	}
	left = fetch->left;
	pthread_mutex_unlock(&fetch->lock);
	if (left)
		release(fetch);
	return NULL;
}

static bool start_helper(struct go_fetch *fetch)
{
	for (size_t i = 0; i < RING; i++) {
		if (!fetch->slots[i].batch)
			fetch->slots[i].batch = batch_new();
		if (!fetch->slots[i].batch)
			return false;
	}
	if (!fetch->started)
		fetch->started = threads_start(&fetch->thread, help, fetch) == 0;
	return fetch->started;
}

void go_fetch_begin(struct go_fetch *fetch, bool wide)
{
	wide = wide && may_use_two() && start_helper(fetch);
	pthread_mutex_lock(&fetch->lock);
	for (size_t i = 0; i < RING; i++)
		fetch->slots[i].state = SLOT_FREE;
	fetch->first = fetch->added = 0;
	fetch->nr_slots = wide ? RING : 1;
	pthread_mutex_unlock(&fetch->lock);
}

struct go_batch *go_fetch_room(struct go_fetch *fetch)
{
	return fetch->added - fetch->first < fetch->nr_slots
		       ? fetch->slots[fetch->added % fetch->nr_slots].batch
		       : NULL;
}

void go_fetch_add(struct go_fetch *fetch)
{
	pthread_mutex_lock(&fetch->lock);
	fetch->slots[fetch->added++ % fetch->nr_slots].state = SLOT_ADDED;
	if (fetch->started && fetch->nr_slots > 1)
		pthread_cond_broadcast(&fetch->changed);
	pthread_mutex_unlock(&fetch->lock);
}

/* The second thread is late: the caller reads a copy. */
static bool replace(struct slot *slot)
{
	struct go_batch *batch = batch_new();

	if (!batch)
		return false;
	go_batch_ask_again(batch, slot->batch);
	slot->batch = batch;
	slot->state = SLOT_ADDED;
	return true;
}

/* Waits until the second thread has read the batch, but not for ever. */
static void wait_for(struct go_fetch *fetch, struct slot *slot)
{
	struct timespec until = clock_to_timespec(clock_mono_ns() + fetch->patience_ns);
	int rc = 0;

	while (slot->state == SLOT_READING && rc == 0)
		rc = pthread_cond_timedwait(&fetch->changed, &fetch->lock, &until);
	if (slot->state == SLOT_READING)
		(void)replace(slot);
}

struct go_batch *go_fetch_next(struct go_fetch *fetch)
{
	struct slot *oldest = &fetch->slots[fetch->first % fetch->nr_slots];

	if (fetch->first == fetch->added)
		return NULL;
	pthread_mutex_lock(&fetch->lock);
	while (oldest->state != SLOT_READ) {
		struct slot *slot = next_added(fetch);

		if (!slot) {
			wait_for(fetch, oldest);
			continue;
		}
		slot->state = SLOT_READING;
		pthread_mutex_unlock(&fetch->lock);
		go_batch_fetch(slot->batch);
		pthread_mutex_lock(&fetch->lock);
		slot->state = SLOT_READ;
	}
	pthread_mutex_unlock(&fetch->lock);
	return oldest->batch;
}

void go_fetch_done(struct go_fetch *fetch)
{
	pthread_mutex_lock(&fetch->lock);
	fetch->slots[fetch->first++ % fetch->nr_slots].state = SLOT_FREE;
	pthread_mutex_unlock(&fetch->lock);
}

void go_fetch_set_patience(struct go_fetch *fetch, int64_t patience_ns)
{
	fetch->patience_ns = patience_ns;
}

bool go_fetch_is_helped(struct go_fetch *fetch)
{
	bool helped;

	pthread_mutex_lock(&fetch->lock);
	helped = fetch->helped;
	pthread_mutex_unlock(&fetch->lock);
	return helped;
}
