/* SPDX-License-Identifier: MIT */
/*
 * How a channel call waits: locking, spinning, parking, and the cleanup when the deadline
 * passes or the thread is cancelled while it is parked.
 */
#include "agent/chan.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "agent/state.h"

/* Spin times in ns. Spinning usually lasts no longer than CHAN_SPIN_NS, since sleeping
 * and being woken on another CPU costs more. If spinning has not paid off, a longer spin
 * is tried occasionally, long enough for the other side to wake up; two threads that are
 * both awake then remain so. */
#define CHAN_SPIN_NS       10000u
#define CHAN_SPIN_PROBE_NS 60000u
#define CHAN_PROBE_FIRST   16u
#define CHAN_PROBE_LAST    1024u
#define CHAN_LOCK_ROUNDS   12u
/* Number of channel-creating lines that are distinguished. A power of two. */
#define CHAN_SPINS         256u
#define CHAN_SPINS_SHIFT   56

struct chan_node agent_chan_gave_up;

/* Polls at growing intervals, so that the holder keeps the cache line and makes
 * progress. */
void agent_chan_lock_slow(struct grmon_chan *chan)
{
	for (uint32_t round = 2; agent_chan_many_cpus && round < CHAN_LOCK_ROUNDS;
	     round++) {
		uint32_t expected = 0;

		for (uint32_t i = 0; i < 1u << (round < 6 ? round : 6); i++)
			cpu_relax();
		if (__atomic_load_n(&chan->lock, __ATOMIC_RELAXED) == 0 &&
		    __atomic_compare_exchange_n(&chan->lock, &expected, 1, false,
						__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return;
	}
	while (__atomic_exchange_n(&chan->lock, 2, __ATOMIC_ACQUIRE) != 0)
		futex_wait(&chan->lock, 2, NULL);
}

/* The waiters' stacks do not belong to this process, so the queues are discarded
 * unread. */
void agent_chan_after_fork(struct grmon_chan *chan)
{
	memset(&chan->receivers, 0, sizeof(chan->receivers));
	memset(&chan->senders, 0, sizeof(chan->senders));
	chan->nr_send = 0;
	chan->nr_recv = 0;
	chan->fork_count = agent_chan_forks;
}

/* Returns the node that claimed the waiter. Other threads that find the waiter in a queue
 * still try, in vain. */
static struct chan_node *chan_fired(const struct chan_waiter *waiter)
{
	return __atomic_load_n(&waiter->fired, __ATOMIC_RELAXED);
}

void agent_chan_dequeue_all(struct chan_waiter *waiter)
{
	const struct chan_node *fired = chan_fired(waiter);

	for (uint32_t i = 0; i < waiter->nr_nodes; i++) {
		struct chan_node *node = &waiter->nodes[i];

		/* The fired entry and others on its channel were removed before the wait
		 * was done, and that channel may have been freed. Channels of other
		 * entries are locked even if the entry is no longer queued, because
		 * another thread may be removing it at this moment. */
		if (!node->chan || node->chan == fired->chan)
			continue;
		chan_lock(node->chan);
		if (node->queued) {
			agent_chan_unlink(node);
			agent_chan_mirror(node->chan);
		}
		chan_unlock(node->chan);
	}
}

static bool chan_done(const struct chan_waiter *waiter)
{
	return __atomic_load_n(&waiter->word, __ATOMIC_ACQUIRE) == CHAN_DONE;
}

static int64_t chan_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

struct chan_spin *agent_chan_spin(const struct grmon_chan *chan)
{
	static struct chan_spin spins[CHAN_SPINS];

	return &spins[chan->site * 0x9e3779b97f4a7c15ull >> CHAN_SPINS_SHIFT];
}

/* Learning is unsynchronized; a lost update is harmless. */
static uint32_t chan_spin_budget(struct chan_spin *spin)
{
	uint32_t spin_ns = __atomic_load_n(&spin->spin_ns, __ATOMIC_RELAXED);
	uint32_t skipped;

	if (!agent_chan_many_cpus)
		return 0;
	if (spin_ns > 0)
		return spin_ns;
	skipped = __atomic_load_n(&spin->skipped, __ATOMIC_RELAXED) + 1;
	if (skipped < __atomic_load_n(&spin->every, __ATOMIC_RELAXED)) {
		__atomic_store_n(&spin->skipped, skipped, __ATOMIC_RELAXED);
		return 0;
	}
	__atomic_store_n(&spin->skipped, 0, __ATOMIC_RELAXED);
	return CHAN_SPIN_PROBE_NS;
}

/* Most waits change nothing. Not storing then leaves the cache line shared. */
static void chan_spin_set(uint32_t *word, uint32_t value)
{
	if (__atomic_load_n(word, __ATOMIC_RELAXED) != value)
		__atomic_store_n(word, value, __ATOMIC_RELAXED);
}

static void chan_spin_learn(struct chan_spin *spin, uint32_t budget_ns, bool paid)
{
	uint32_t every = __atomic_load_n(&spin->every, __ATOMIC_RELAXED);
	uint32_t spin_ns = CHAN_SPIN_NS;

	if (paid) {
		every = CHAN_PROBE_FIRST;
	} else if (budget_ns == CHAN_SPIN_PROBE_NS) {
		every = every < CHAN_PROBE_LAST ? 2 * every + CHAN_PROBE_FIRST : every;
		spin_ns = 0;
	} else {
		spin_ns = budget_ns > CHAN_SPIN_NS / 8 ? budget_ns / 2 : 0;
	}
	chan_spin_set(&spin->every, every);
	chan_spin_set(&spin->spin_ns, spin_ns);
}

/* The other side needs the cache line that is polled here. Polling rarely lets it put or
 * take several elements, which is faster for both sides than one at a time. */
#define CHAN_LOOK_EVERY 64

void agent_chan_spin_buffer(struct grmon_chan *chan, bool send)
{
	struct chan_spin *spin = agent_chan_spin(chan);
	uint32_t budget_ns = chan_spin_budget(spin);
	int64_t until_ns;
	bool paid;

	if (budget_ns == 0)
		return;
	until_ns = chan_now_ns() + budget_ns;
	do {
		size_t length;

		for (int i = 0; i < CHAN_LOOK_EVERY; i++)
			cpu_relax();
		length = __atomic_load_n(&chan->length, __ATOMIC_RELAXED);
		paid = send ? length < chan->capacity : length > 0;
	} while (!paid && chan_now_ns() < until_ns);
	chan_spin_learn(spin, budget_ns, paid);
}

/* The waiter is queued, so the channel may be freed as soon as the wait is done. A
 * waiter's word has a cache line of its own, so polling it does not slow other
 * threads. */
static bool chan_spin_done(struct chan_waiter *waiter, struct chan_spin *spin)
{
	bool paid = chan_done(waiter);
	uint32_t budget_ns;
	int64_t until_ns;

	if (paid || !spin)
		return paid;
	budget_ns = chan_spin_budget(spin);
	if (budget_ns == 0)
		return false;
	until_ns = chan_now_ns() + budget_ns;
	do {
		for (int i = 0; i < 16 && !paid; i++) {
			cpu_relax();
			paid = chan_done(waiter);
		}
	} while (!paid && chan_now_ns() < until_ns);
	chan_spin_learn(spin, budget_ns, paid);
	return paid;
}

/*
 * One sleep that pthread_cancel() interrupts. glibc has no cancellable futex call, so
 * asynchronous cancellation is enabled for just this call. This frame must not have a
 * cleanup handler: an asynchronous unwind begins between two instructions, where the
 * frame's own handlers are not found. The caller's handlers are found at its call.
 *
 * pthread_cancel() records its request and then reads the cancellation type; this
 * function sets the type and then checks for a request. With a fence in between, at least
 * one of them sees the other's store.
 */
static __attribute__((noinline)) RAW_NO_TSAN CHAN_LEFT_BY_CANCEL long
chan_sleep(uint32_t *word, const struct timespec *deadline)
{
	int type;
	long rc;

	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &type);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	pthread_testcancel();
	rc = futex_wait(word, CHAN_PARKED, deadline);
	pthread_setcanceltype(type, NULL);
	return rc;
}

/* Another thread won the claim and is a few instructions away from finishing. */
static void chan_await_done(struct chan_waiter *waiter)
{
	while (!chan_done(waiter)) {
		uint32_t expected = CHAN_WAITING;

		__atomic_compare_exchange_n(&waiter->word, &expected, CHAN_PARKED, false,
					    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
		futex_wait(&waiter->word, CHAN_PARKED, NULL);
	}
}

/* A receiver was cancelled after it had obtained an element. The element goes to the next
 * receiver, because it was sent before everything that is in the channel now. */
static void chan_give_back(struct chan_node *node)
{
	struct grmon_chan *chan = node->chan;
	struct chan_waiter *wake = NULL;
	struct chan_returned *returned;

	if (!node->element && chan->element_bytes > 0)
		return;
	returned = malloc(sizeof(*returned) + chan->element_bytes);
	if (!returned)
		return;
	if (chan->element_bytes > 0)
		memcpy(returned->element, node->element, chan->element_bytes);
	chan_lock(chan);
	if (agent_chan_hand_over(chan, returned->element, &wake)) {
		free(returned);
	} else {
		returned->next = chan->returned;
		chan->returned = returned;
	}
	agent_chan_mirror(chan);
	chan_unlock(chan);
	chan_finish(wake);
}

static void chan_cancelled(void *arg)
{
	struct chan_waiter *waiter = arg;
	struct chan_node *fired;

	if (!chan_claim(waiter, &agent_chan_gave_up))
		chan_await_done(waiter);
	agent_chan_dequeue_all(waiter);
	fired = chan_fired(waiter);
	if (fired != &agent_chan_gave_up && !fired->send && !fired->closed)
		chan_give_back(fired);
	chan_forget_frames();
}

/* Returns whether the wait is over; false if the deadline has passed. */
static CHAN_LEFT_BY_CANCEL bool chan_park(struct chan_waiter *waiter, int64_t deadline_ns)
{
	struct timespec until = {.tv_sec = deadline_ns / 1000000000,
				 .tv_nsec = deadline_ns % 1000000000};
	uint32_t expected = CHAN_WAITING;
	bool done = true;

	if (!__atomic_compare_exchange_n(&waiter->word, &expected, CHAN_PARKED, false,
					 __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return true;
	while (done && !chan_done(waiter)) {
		long rc = chan_sleep(&waiter->word,
				     deadline_ns == CHAN_NEVER ? NULL : &until);

		done = rc != -ETIMEDOUT;
	}
	return done;
}

/* The slot's text describes what its single object cannot. It is restored before
 * agent_leave(), which only restores the first byte. A signal handler in between restores
 * what it wrote. */
static void chan_set_text(struct wire_slot *slot, const char text[WIRE_WHAT_BYTES])
{
	uint32_t odd = agent_seq_begin(&slot->seq);

	for (size_t i = 0; i < WIRE_WHAT_BYTES; i++)
		agent_store(&slot->what[i], text[i]);
	agent_seq_end(&slot->seq, odd);
}

static void chan_describe(char text[WIRE_WHAT_BYTES], const struct chan_why *why)
{
	static const char several[] = " channels", nil[] = "nil channel",
			  none[] = "no case";
	uint32_t count = why->nr_channels;
	char *end = text;

	memset(text, 0, WIRE_WHAT_BYTES);
	if (count == 0) {
		strcpy(text, why->state == GRMON_SELECT ? none : nil);
		return;
	}
	for (uint32_t place = 100; place > 0; place /= 10)
		if (count >= place)
			*end++ = (char)('0' + count / place % 10);
	strcpy(end, several);
}

/* Parks and publishes the wait. Returns false if the deadline has passed. */
static bool chan_wait_published(struct chan_waiter *waiter, const struct chan_why *why)
{
	char before[WIRE_WHAT_BYTES], text[WIRE_WHAT_BYTES];
	bool said = false, done;
	AGENT_MARK;

	agent_enter_api(&mark, why->state, why->object, why->site);
	if (mark.slot && (why->object == 0 || why->nr_channels > 1)) {
		memcpy(before, mark.slot->what, sizeof(before));
		before[0] = '\0';
		chan_describe(text, why);
		chan_set_text(mark.slot, text);
		said = true;
	}
	pthread_cleanup_push(chan_cancelled, waiter);
	done = chan_park(waiter, why->deadline_ns);
	pthread_cleanup_pop(0);
	if (said)
		chan_set_text(mark.slot, before);
	return done;
}

struct chan_node *agent_chan_wait(struct chan_waiter *waiter, const struct chan_why *why)
{
	struct chan_node *fired;

	if (!chan_spin_done(waiter, why->spin) && !chan_wait_published(waiter, why) &&
	    !chan_claim(waiter, &agent_chan_gave_up))
		chan_await_done(waiter);
	fired = chan_fired(waiter);
	if (waiter->nr_nodes > 1 || fired == &agent_chan_gave_up)
		agent_chan_dequeue_all(waiter);
	return fired == &agent_chan_gave_up ? NULL : fired;
}
