/* SPDX-License-Identifier: MIT */
/*
 * Internals of the channels. Each channel has a small lock and two FIFO queues of
 * waiters. A waiter's queue entries are stored on its own stack. A thread that finds a
 * waiter claims it, copies the element directly from or to it, and marks it done. A
 * waiter that cancels its wait (deadline, thread cancellation) must win the same claim.
 * This is also why exactly one entry of a select fires.
 *
 * Invariants under the lock: receivers are queued only while the buffer is empty, senders
 * only while it is full, and neither after the channel has been closed. Locks of several
 * channels are taken in the order of their addresses.
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
 * AddressSanitizer is not informed about frames that a cancelled thread abandons, and
 * reports later uses of that stack memory as overflows. Functions whose frames may be
 * abandoned need this attribute; callers use chan_forget_frames().
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

/* Special values of a deadline. */
#define CHAN_NEVER INT64_MAX
#define CHAN_TRY   INT64_MIN

/* Values of chan_waiter.word. */
enum chan_word { CHAN_WAITING = 0, CHAN_PARKED = 1, CHAN_DONE = 2 };

/* One entry of a queue. The channel's lock protects it, except for the waiter's word and
 * claim. */
struct chan_node {
	struct chan_node *next;
	struct chan_node *prev;
	struct chan_waiter *waiter;
	struct grmon_chan *chan; /* NULL for a nil channel, which is never queued */
	void *element;
	bool send;
	bool queued;
	bool closed; /* out, valid once done: it fired because the channel was closed */
};

/* One blocked call. */
struct chan_waiter {
	uint32_t word; /* enum chan_word; used as a futex */
	uint32_t nr_nodes;
	struct chan_node *fired; /* the claim: NULL, a node, or agent_chan_gave_up */
	struct chan_node *nodes;
};

extern AGENT_HIDDEN struct chan_node agent_chan_gave_up;

struct chan_queue {
	struct chan_node *first;
	struct chan_node *last;
};

/* An element that a cancelled receiver had already obtained. It is the next to be
 * received. */
struct chan_returned {
	struct chan_returned *next;
	char element[];
};

/*
 * How long to spin before sleeping. Learned per program line that creates channels. It is
 * not part of a channel, because a caller may free the channel as soon as another call
 * has ended its wait.
 */
struct chan_spin {
	/* time to spin before sleeping; 0 if spinning did not pay off */
	uint32_t spin_ns;
	uint32_t skipped; /* waits since spinning was last tried */
	uint32_t every;   /* number of waits after which it is tried again */
} __attribute__((aligned(64)));

struct grmon_chan {
	/* The cache line that every operation writes. */
	uint32_t lock; /* 0 free, 1 held, 2 held with at least one sleeper */
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
	uint32_t record_fork; /* fork_count when the record was requested */
	uint32_t nr_send;     /* number of queued entries */
	uint32_t nr_recv;

	uint64_t site __attribute__((aligned(64)));
	char name[16];
	char buffer[] __attribute__((aligned(64)));
};

/* What a blocked call publishes, and how long it may wait. */
struct chan_why {
	uint32_t state;
	uint64_t object;
	const void *site;
	uint32_t nr_channels; /* of a select; 0 if it has no non-nil channel */
	int64_t deadline_ns;
	struct chan_spin *spin; /* NULL to sleep without spinning */
};

/* Number of forks so far, and whether the process could use several CPUs when it created
 * its first channel. */
extern AGENT_HIDDEN uint32_t agent_chan_forks;
extern AGENT_HIDDEN bool agent_chan_many_cpus;

AGENT_HIDDEN void agent_chan_lock_slow(struct grmon_chan *chan);
AGENT_HIDDEN void agent_chan_after_fork(struct grmon_chan *chan);
/* Copies changed values to the published record. The lock must be held. */
AGENT_HIDDEN void agent_chan_mirror(struct grmon_chan *chan);
/* Takes a record in this process's region for a channel that a forked child has
 * inherited. */
AGENT_HIDDEN void agent_chan_adopt(struct grmon_chan *chan);

/* In a forked child the queues are copies whose waiters remained in the parent. */
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

/* Most elements are one word, for which a call to memcpy() is not worthwhile. Does
 * nothing if `to` is NULL. */
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

/* Ends the wait of a claimed waiter. Do not call this with a lock held, since the
 * waiter is woken at once. The waiter's frame may be gone when this returns. NULL is
 * accepted. */
static inline void chan_finish(struct chan_waiter *waiter)
{
	if (waiter && __atomic_exchange_n(&waiter->word, CHAN_DONE, __ATOMIC_ACQ_REL) ==
			      CHAN_PARKED)
		futex_wake(&waiter->word, 1);
}

/*
 * Carry out an operation that need not wait. The lock must be held. Returns GRMON_EAGAIN
 * if the operation would block. *wake is set to the waiter that the caller must pass to
 * chan_finish() after unlocking, or NULL.
 */
AGENT_HIDDEN int agent_chan_send_now(struct grmon_chan *chan, const void *element,
				     struct chan_waiter **wake);
AGENT_HIDDEN int agent_chan_recv_now(struct grmon_chan *chan, void *element,
				     struct chan_waiter **wake);

/* Claims and removes the first waiter of a queue that no other thread has claimed.
 * Returns it, or NULL. */
AGENT_HIDDEN struct chan_node *agent_chan_pop(struct chan_queue *queue);
/* Hands the element to the first waiting receiver. Returns false if there is none. */
AGENT_HIDDEN bool agent_chan_hand_over(struct grmon_chan *chan, const void *element,
				       struct chan_waiter **wake);

AGENT_HIDDEN void agent_chan_enqueue(struct chan_node *node);
AGENT_HIDDEN void agent_chan_unlink(struct chan_node *node);
/* Locks the channels one by one and removes the entries that are still queued. */
AGENT_HIDDEN void agent_chan_dequeue_all(struct chan_waiter *waiter);

/*
 * Wait until the waiter, which is already queued, is done, or the deadline passes. No
 * lock may be held. Returns the node that fired, with no entry left in any queue, or NULL
 * on timeout. This is a cancellation point.
 */
AGENT_HIDDEN struct chan_node *agent_chan_wait(struct chan_waiter *waiter,
					       const struct chan_why *why);
/* Spin briefly until the buffer changes. No lock may be held. Only worthwhile if the
 * other side can proceed without a queued entry. */
AGENT_HIDDEN void agent_chan_spin_buffer(struct grmon_chan *chan, bool send);
/* Returns what has been learned about spinning on channels of this kind. Never
 * invalidated. */
AGENT_HIDDEN struct chan_spin *agent_chan_spin(const struct grmon_chan *chan);

#endif
