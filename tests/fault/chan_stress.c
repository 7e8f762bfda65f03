/* SPDX-License-Identifier: MIT */
/* Many threads and every way to wait at once: each element that was sent is received
 * once. */
#include "chan_test.h"

#define SENDERS   4
#define RECEIVERS 4
#define CHANS     3

#if SANITIZED
#define PER_SENDER 1500u
#else
#define PER_SENDER 5000u
#endif

/* An element is its sender and its number, from 1. */
struct element {
	uint32_t sender;
	uint32_t number;
};

struct stress {
	struct grmon_chan *chans[CHANS];
	size_t nr_chans;
	bool selects;    /* all calls are selects over all channels */
	bool cancelling; /* senders and receivers are cancelled at times */
	uint32_t next[SENDERS];
	uint8_t sent[SENDERS][PER_SENDER + 1];
	uint8_t received[SENDERS][PER_SENDER + 1];
	uint32_t out_of_order;
	uint32_t wrong;
};

static uint32_t random_below(uint64_t *seed, uint32_t below)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33) % below;
}

static void note_wrong(struct stress *stress, const char *what, int result)
{
	if (__atomic_fetch_add(&stress->wrong, 1, __ATOMIC_RELAXED) == 0)
		printf("# %s: %d\n", what, result);
}

static int select_one(struct stress *stress, uint64_t *seed, struct element *element,
		      bool send)
{
	struct grmon_chan_case cases[CHANS + 1];
	size_t count = 0;
	int64_t timeouts[] = {-1, 0, 30000, 2 * MS};
	int rc;

	for (size_t i = 0; i < stress->nr_chans; i++)
		cases[count++] = (struct grmon_chan_case){
			.chan = stress->chans[i], .element = element, .send = send};
	cases[count] = cases[random_below(seed, (uint32_t)count)];
	count += random_below(seed, 2);
	rc = grmon_chan_select(cases, count, timeouts[random_below(seed, 4)]);
	if (rc >= (int)count)
		note_wrong(stress, "select", rc);
	return rc >= 0 ? (cases[rc].closed ? GRMON_ECLOSED : GRMON_OK) : rc;
}

static int operate(struct stress *stress, uint64_t *seed, struct element *element,
		   bool send)
{
	struct grmon_chan *chan = stress->chans[0];
	int64_t soon = now_ns() + random_below(seed, 200000);

	if (stress->selects)
		return select_one(stress, seed, element, send);
	switch (random_below(seed, 4)) {
	case 0:
		return send ? grmon_chan_send_try(chan, element)
			    : grmon_chan_recv_try(chan, element);
	case 1:
		return send ? grmon_chan_send_until(chan, element, soon)
			    : grmon_chan_recv_until(chan, element, soon);
	case 2:
		return select_one(stress, seed, element, send);
	default:
		return send ? grmon_chan_send(chan, element)
			    : grmon_chan_recv(chan, element);
	}
}

struct worker {
	struct stress *stress;
	uint32_t index;
	uint64_t seed;
	pthread_t thread;
	bool over;
};

/* A sender that is cancelled in a send continues with the next number: that element was
 * either sent or not. */
static void sender_run(struct worker *worker)
{
	struct stress *stress = worker->stress;

	while (stress->next[worker->index] < PER_SENDER) {
		struct element element = {worker->index, ++stress->next[worker->index]};
		int rc;

		do
			rc = operate(stress, &worker->seed, &element, true);
		while (rc == GRMON_EAGAIN || rc == GRMON_ETIMEDOUT);
		if (rc != GRMON_OK)
			note_wrong(stress, "send", rc);
		stress->sent[worker->index][element.number] = 1;
	}
	worker->over = true;
}

static void receiver_run(struct worker *worker)
{
	struct stress *stress = worker->stress;
	uint32_t last[SENDERS] = {0};

	for (;;) {
		struct element element = {SENDERS, 0};
		int rc = operate(stress, &worker->seed, &element, false);

		if (rc == GRMON_EAGAIN || rc == GRMON_ETIMEDOUT)
			continue;
		/* All channels are closed together, after the last send. */
		if (rc == GRMON_ECLOSED)
			break;
		if (rc != GRMON_OK || element.sender >= SENDERS ||
		    element.number > PER_SENDER) {
			note_wrong(stress, "recv", rc);
			continue;
		}
		__atomic_fetch_add(&stress->received[element.sender][element.number], 1,
				   __ATOMIC_RELAXED);
		if (element.number <= last[element.sender])
			__atomic_fetch_add(&stress->out_of_order, 1, __ATOMIC_RELAXED);
		last[element.sender] = element.number;
	}
	worker->over = true;
}

static void *sender(void *arg)
{
	pthread_cleanup_push(frames_left, NULL);
	sender_run(arg);
	pthread_cleanup_pop(0);
	return NULL;
}

static void *receiver(void *arg)
{
	pthread_cleanup_push(frames_left, NULL);
	receiver_run(arg);
	pthread_cleanup_pop(0);
	return NULL;
}

static void cancel_and_replace(struct worker *worker, void *(*run)(void *))
{
	void *result;

	pthread_cancel(worker->thread);
	pthread_join(worker->thread, &result);
	if (result == PTHREAD_CANCELED &&
	    pthread_create(&worker->thread, NULL, run, worker) != 0)
		give_up("no thread");
	else if (result != PTHREAD_CANCELED && !worker->over)
		give_up("a worker ended early");
}

/* Takes the elements that are left when all receivers have seen a closed channel: with
 * several channels, the others may still hold some. */
static void drain(struct stress *stress)
{
	struct element element;

	for (size_t i = 0; i < stress->nr_chans; i++)
		while (grmon_chan_recv_try(stress->chans[i], &element) == GRMON_OK)
			stress->received[element.sender][element.number]++;
}

static void run(struct stress *stress, size_t nr_chans, size_t capacity)
{
	struct worker senders[SENDERS], receivers[RECEIVERS];
	uint64_t seed = (uint64_t)now_ns();
	bool over[SENDERS] = {false};

	stress->nr_chans = nr_chans;
	for (size_t i = 0; i < nr_chans; i++)
		stress->chans[i] =
			grmon_chan_new(sizeof(struct element), capacity * i + capacity);
	for (uint32_t i = 0; i < SENDERS; i++) {
		senders[i] =
			(struct worker){.stress = stress, .index = i, .seed = seed + i};
		pthread_create(&senders[i].thread, NULL, sender, &senders[i]);
	}
	for (uint32_t i = 0; i < RECEIVERS; i++) {
		receivers[i] = (struct worker){
			.stress = stress, .index = i, .seed = seed + 100 + i};
		pthread_create(&receivers[i].thread, NULL, receiver, &receivers[i]);
	}
	for (int i = 0; stress->cancelling && i < 300; i++) {
		uint32_t who = random_below(&seed, SENDERS);
		void *result;

		cancel_and_replace(&receivers[random_below(&seed, RECEIVERS)], receiver);
		if (over[who])
			continue;
		pthread_cancel(senders[who].thread);
		pthread_join(senders[who].thread, &result);
		if (result != PTHREAD_CANCELED)
			over[who] = true;
		else
			pthread_create(&senders[who].thread, NULL, sender, &senders[who]);
	}
	for (uint32_t i = 0; i < SENDERS; i++)
		if (!over[i])
			pthread_join(senders[i].thread, NULL);
	for (size_t i = 0; i < nr_chans; i++)
		grmon_chan_close(stress->chans[i]);
	for (uint32_t i = 0; i < RECEIVERS; i++)
		pthread_join(receivers[i].thread, NULL);
	drain(stress);
	for (size_t i = 0; i < nr_chans; i++) {
		await_blocked(stress->chans[i], 0, 0);
		grmon_chan_free(stress->chans[i]);
	}
}

static void check(struct stress *stress)
{
	uint32_t lost = 0, doubled = 0;

	for (uint32_t s = 0; s < SENDERS; s++) {
		for (uint32_t n = 1; n <= PER_SENDER; n++) {
			lost += stress->sent[s][n] && stress->received[s][n] == 0;
			doubled += stress->received[s][n] > 1;
		}
	}
	if (lost || doubled)
		printf("# %u lost, %u twice\n", lost, doubled);
	assert_int_equal(lost, 0);
	assert_int_equal(doubled, 0);
	assert_int_equal(stress->wrong, 0);
}

static struct stress *fresh(void)
{
	static struct stress stress;

	memset(&stress, 0, sizeof(stress));
	return &stress;
}

/* On one channel a receiver sees each sender's elements in order. */
static void one_channel(void **state)
{
	const size_t capacities[] = {0, 1, 7};

	for (size_t i = 0; i < 3; i++) {
		struct stress *stress = fresh();

		run(stress, 1, capacities[i]);
		check(stress);
		assert_int_equal(stress->out_of_order, 0);
	}
	(void)state;
}

static void selects_over_several(void **state)
{
	for (size_t capacity = 0; capacity < 2; capacity++) {
		struct stress *stress = fresh();

		stress->selects = true;
		run(stress, CHANS, capacity);
		check(stress);
	}
	(void)state;
}

/* Not with ThreadSanitizer. It looks up names, with calls that are cancellation points and
 * a lock held, before it suppresses what chan_test.h lists. chan_cancel.c cancels threads
 * where nothing is left to report. */
static void with_cancellation(void **state)
{
	if (SANITIZED_THREADS)
		skip();
	for (size_t i = 0; i < 4; i++) {
		struct stress *stress = fresh();

		stress->cancelling = true;
		stress->selects = i % 2;
		run(stress, i % 2 ? CHANS : 1, i / 2 * 2);
		check(stress);
	}
	(void)state;
}

/* Close against every blocking call: all wake, and none is served twice. */
static void close_races(void **state)
{
	for (int round = 0; round < 300; round++) {
		struct grmon_chan *chan =
			grmon_chan_new(sizeof(uint64_t), (size_t)round % 2);
		uint64_t in = 0, out = 3;
		struct grmon_chan_case cases[] = {
			{.chan = chan, .element = &in},
			{.chan = chan, .element = &out, .send = true}};
		struct call send, recv, select;

		call_send(&send, chan, 1);
		call_recv(&recv, chan);
		call_select(&select, cases, 2);
		assert_int_equal(grmon_chan_close(chan), GRMON_OK);
		assert_in_range(-call_join(&send), -GRMON_OK, -GRMON_ECLOSED);
		assert_in_range(-call_join(&recv), -GRMON_OK, -GRMON_ECLOSED);
		assert_in_range(call_join(&select), 0, 1);
		await_blocked(chan, 0, 0);
		grmon_chan_free(chan);
	}
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_channel),
		cmocka_unit_test(selects_over_several),
		cmocka_unit_test(with_cancellation),
		cmocka_unit_test(close_races),
	};

	alarm(240);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
