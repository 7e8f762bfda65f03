/* SPDX-License-Identifier: MIT */
/*
 * Inside of the channels. Each has a small lock and two queues of waiters, first in, first
 * out; a waiter's entries lie on its own stack. Who finds a waiter claims it, copies the
 * element straight from or to it, and marks it done; a waiter that gives up (deadline,
 * cancellation) must win the same claim. Of a select's entries so exactly one fires.
 *
 * Invariants, under the lock: a receiver is queued only while nothing is buffered, a
 * sender only while the buffer is full, neither after close. Locks of several channels
 * are taken in the order of their addresses.
 */
#ifndef AGENT_CHAN_H
#define AGENT_CHAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/futex.h"
#include "grmon_chan.h"

/*
 * The address sanitizer is not told of frames that a cancelled thread leaves, and takes
 * what uses their stack later for an overflow: the frames that are left need this, those
 * of callers chan_forget_frames().
 */
#define CHAN_LEFT_BY_CANCEL __attribute__((no_sanitize_address))
#if defined(__SANITIZE_ADDRESS__)
#define CHAN_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CHAN_ADDRESS_SANITIZER 1
#endif
#endif
#ifdef CHAN_ADDRESS_SANITIZER
extern void __asan_handle_no_return(void);
#define chan_forget_frames() __asan_handle_no_return()
#else
#define chan_forget_frames() ((void)0)
#endif

/* Deadlines. */
#define CHAN_NEVER INT64_MAX
#define CHAN_TRY   INT64_MIN

/* chan_waiter.word */
enum chan_word { CHAN_WAITING = 0, CHAN_PARKED = 1, CHAN_DONE = 2 };

/* One entry of a queue. All but `waiter`'s word and claim is guarded by chan's lock. */
struct chan_node {
	struct chan_node *next;
	struct chan_node *prev;
	struct chan_waiter *waiter;
	struct grmon_chan *chan; /* NULL: a nil channel, never queued */
	void *element;
	bool send;
	bool queued;
	bool closed; /* out, valid once done: fired because the channel was closed */
};

/* One blocked call. */
struct chan_waiter {
	uint32_t word; /* enum chan_word; its own futex */
	uint32_t nr_nodes;
	struct chan_node *fired; /* the claim: NULL, a node, or agent_chan_gave_up */
	struct chan_node *nodes;
};

extern AGENT_HIDDEN struct chan_node agent_chan_gave_up;

struct chan_queue {
	struct chan_node *first;
	struct chan_node *last;
};

/* An element that a receiver had when it was cancelled: the next one to be received. */
struct chan_returned {
	struct chan_returned *next;
	char element[];
};

/*
 * How long to wait awake, learnt for all channels that one line of the program makes. Not
 * part of a channel: once another call has ended a wait, its caller may free the channel.
 */
struct chan_spin {
	uint32_t spin_ns; /* before sleeping; 0: has not paid */
	uint32_t skipped; /* waits since it was last tried */
	uint32_t every;   /* and after how many it is tried again */
} __attribute__((aligned(64)));

struct grmon_chan {
	/* The line that every operation writes. */
	uint32_t lock; /* 0 free, 1 held, 2 held and somebody sleeps on it */
	uint32_t fork_count;
	size_t length;
	size_t head;
	struct chan_queue receivers;
	struct chan_queue senders;
	bool closed;

	/* Read by every operation, rarely written. */
	size_t capacity __attribute__((aligned(64)));
	size_t element_bytes;
	struct chan_returned *returned;
	struct wire_chan *record;
	uint32_t record_generation;
	uint32_t record_fork; /* fork_count when the record was asked for */
	uint32_t nr_send;     /* queued entries */
	uint32_t nr_recv;

	uint64_t site __attribute__((aligned(64)));
	char name[16];
	char buffer[] __attribute__((aligned(64)));
};

/* What a blocked call publishes, and how long it may last. */
struct chan_why {
	uint32_t state;
	uint64_t object;
	const void *site;
	uint32_t nr_channels; /* of a select; 0: none or nil ones */
	int64_t deadline_ns;
	struct chan_spin *spin; /* NULL: go to sleep at once */
};

/* Forks so far, and CPUs that the process had when its first channel was made. */
extern AGENT_HIDDEN uint32_t agent_chan_forks;
extern AGENT_HIDDEN bool agent_chan_many_cpus;

AGENT_HIDDEN void agent_chan_lock_slow(struct grmon_chan *chan);
AGENT_HIDDEN void agent_chan_after_fork(struct grmon_chan *chan);
/* Writes to the published record what has changed; with the lock held. */
AGENT_HIDDEN void agent_chan_mirror(struct grmon_chan *chan);
/* A record in this process's region, for a channel that a forked child has inherited. */
AGENT_HIDDEN void agent_chan_adopt(struct grmon_chan *chan);

/* A forked child has copies of queues whose waiters stayed in the parent. */
static inline void chan_lock(struct grmon_chan *chan)
{
	uint32_t expected = 0;

	if (AGENT_UNLIKELY(!__atomic_compare_exchange_n(&chan->lock, &expected, 1, false,
							__ATOMIC_ACQUIRE,
							__ATOMIC_RELAXED)))
		agent_chan_lock_slow(chan);
	if (AGENT_UNLIKELY(chan->fork_count != agent_chan_forks))
		agent_chan_after_fork(chan);
}

static inline void chan_unlock(struct grmon_chan *chan)
{
	if (AGENT_UNLIKELY(__atomic_exchange_n(&chan->lock, 0, __ATOMIC_RELEASE) == 2))
		futex_wake(&chan->lock, 1);
}

static inline uint32_t chan_saturate(size_t count)
{
	return count < UINT32_MAX ? (uint32_t)count : UINT32_MAX;
}

/* Most elements are a word: worth not calling memcpy() for. to, from: NULL does nothing. */
static inline void chan_copy(const struct grmon_chan *chan, void *to, const void *from)
{
	size_t bytes = chan->element_bytes;

	if (!to || bytes == 0)
		return;
	if (bytes == sizeof(uint64_t))
		memcpy(to, from, sizeof(uint64_t));
	else
		memcpy(to, from, bytes);
}

static inline bool chan_claim(struct chan_waiter *waiter, struct chan_node *node)
{
	struct chan_node *expected = NULL;

	return __atomic_compare_exchange_n(&waiter->fired, &expected, node, false,
					   __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

/* Ends a claimed waiter's wait. Not to be called with a lock held: it wakes at once. The
 * waiter's frame may be gone when this returns. NULL is accepted. */
static inline void chan_finish(struct chan_waiter *waiter)
{
	if (waiter && __atomic_exchange_n(&waiter->word, CHAN_DONE, __ATOMIC_ACQ_REL) ==
			      CHAN_PARKED)
		futex_wake(&waiter->word, 1);
}

/*
 * Carry out an operation if it need not wait, with the lock held. GRMON_EAGAIN: it must.
 * *wake: the waiter to chan_finish() after unlocking, or NULL.
 */
AGENT_HIDDEN int agent_chan_send_now(struct grmon_chan *chan, const void *element,
				     struct chan_waiter **wake);
AGENT_HIDDEN int agent_chan_recv_now(struct grmon_chan *chan, void *element,
				     struct chan_waiter **wake);

/* The first waiter of a queue that nobody else has claimed, claimed and taken out; or NULL. */
AGENT_HIDDEN struct chan_node *agent_chan_pop(struct chan_queue *queue);
/* To the first receiver that waits; false: there is none. */
AGENT_HIDDEN bool agent_chan_hand_over(struct grmon_chan *chan, const void *element,
				       struct chan_waiter **wake);

AGENT_HIDDEN void agent_chan_enqueue(struct chan_node *node);
AGENT_HIDDEN void agent_chan_unlink(struct chan_node *node);
/* Locks the channels, one by one, and takes out what is still queued. */
AGENT_HIDDEN void agent_chan_dequeue_all(struct chan_waiter *waiter);

/*
 * Wait until the waiter, queued already, is done, or the deadline passes. No lock is held.
 * Returns the node that fired, with nothing left in any queue, or NULL: timed out. A
 * cancellation point.
 */
AGENT_HIDDEN struct chan_node *agent_chan_wait(struct chan_waiter *waiter,
					       const struct chan_why *why);
/* Wait awake, shortly, for a buffer to change; no lock is held. Only worth it where no
 * entry has to be queued for the other side to go on. */
AGENT_HIDDEN void agent_chan_spin_buffer(struct grmon_chan *chan, bool send);
/* What is known of waiting awake on such a channel. Valid for ever. */
AGENT_HIDDEN struct chan_spin *agent_chan_spin(const struct grmon_chan *chan);

#endif
