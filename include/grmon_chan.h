/* SPDX-License-Identifier: MIT */
/*
 * Go-style channels for threads: buffered and unbuffered, with close, try, deadline and
 * select operations. While a call blocks, grmon-c shows its task as chan-send, chan-recv
 * or select, together with the channel's address or name, capacity, length and number of
 * waiters.
 *
 * The semantics are those of the Go specification ("Channel types", "Send statements",
 * "Receive operator", "Close", "Select statements"), except that where Go panics, an
 * error is returned: sending to a closed channel, or closing it again, returns
 * GRMON_ECLOSED.
 *
 * Waiters are served first in, first out. Any number of threads may send, receive, select
 * and close concurrently. Elements are copied by value. A thread that has no slot can use
 * channels too; its waits are just not displayed.
 *
 * All functions preserve errno and are thread-safe, except that grmon_chan_free() must be
 * the last call on a channel. None of them is async-signal-safe.
 *
 * Blocking calls are cancellation points, both on entry and while they wait. A cancelled
 * call has no effect unless a peer has already completed it. In that case the element of
 * a send has been delivered, and the element of a receive goes to the next receiver, or
 * is dropped if the receive passed a NULL element.
 *
 * In a forked child a channel keeps its buffered elements and has no waiters. If another
 * thread was inside an operation on a channel at the time of the fork, that channel stays
 * locked in the child, as a mutex would.
 */
#ifndef GRMON_CHAN_H
#define GRMON_CHAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "grmon.h"

#ifdef __cplusplus
extern "C" {
#endif

struct grmon_chan;

/*
 * Create a channel.
 *
 * element_bytes   0 to GRMON_CHAN_ELEMENT_MAX. With 0 the channel carries signals without
 *                 data, and element pointers may be NULL.
 * capacity        Number of elements that are buffered. With 0 a send waits for a
 *                 receiver.
 *
 * Returns the channel, which the caller frees with grmon_chan_free(), or NULL if a size
 * is too large or memory is exhausted.
 */
#define GRMON_CHAN_ELEMENT_MAX 65536
GRMON_API struct grmon_chan *grmon_chan_new(size_t element_bytes, size_t capacity);

/* Set the name that grmon-c displays. At most 15 bytes are copied. Ignored if either is
 * NULL. */
GRMON_API void grmon_chan_name(struct grmon_chan *chan, const char *name);

/* Free the channel. No thread may be blocked on it or use it afterwards. NULL is
 * accepted. */
GRMON_API void grmon_chan_free(struct grmon_chan *chan);

/*
 * Send an element. Blocks until a receiver has taken it or the buffer has room for it.
 *
 * element   element_bytes bytes, which are read before the call returns.
 *
 * Returns 0 or GRMON_ECLOSED. If chan is NULL the call blocks forever, as on Go's nil
 * channel.
 */
GRMON_API int grmon_chan_send(struct grmon_chan *chan, const void *element);
/* Like grmon_chan_send(), but returns GRMON_EAGAIN instead of blocking. */
GRMON_API int grmon_chan_send_try(struct grmon_chan *chan, const void *element);
/* Like grmon_chan_send(), but returns GRMON_ETIMEDOUT when CLOCK_MONOTONIC reaches
 * deadline_ns. */
GRMON_API int grmon_chan_send_until(struct grmon_chan *chan, const void *element,
				    int64_t deadline_ns);

/*
 * Receive an element. Blocks until one is available or the channel is closed.
 *
 * element   Receives element_bytes bytes; NULL drops the element. It is zeroed if the
 *           result is GRMON_ECLOSED.
 *
 * Returns 0, or GRMON_ECLOSED if the channel is closed and empty. If chan is NULL the
 * call blocks forever. The _try and _until variants return GRMON_EAGAIN and
 * GRMON_ETIMEDOUT as those of grmon_chan_send() do.
 */
GRMON_API int grmon_chan_recv(struct grmon_chan *chan, void *element);
GRMON_API int grmon_chan_recv_try(struct grmon_chan *chan, void *element);
GRMON_API int grmon_chan_recv_until(struct grmon_chan *chan, void *element,
				    int64_t deadline_ns);

/* Close the channel and wake all blocked senders and receivers. Returns 0, GRMON_ECLOSED
 * if it is already closed, or GRMON_EINVAL if chan is NULL. */
GRMON_API int grmon_chan_close(struct grmon_chan *chan);

/* Number of buffered elements, and the capacity. Both are 0 for NULL. The length may have
 * changed by the time the call returns if other threads use the channel. */
GRMON_API size_t grmon_chan_len(const struct grmon_chan *chan);
GRMON_API size_t grmon_chan_cap(const struct grmon_chan *chan);

/* One case of a select. A case whose chan is NULL is never ready. */
struct grmon_chan_case {
	struct grmon_chan *chan;
	void *element; /* source of a send, or destination of a receive (may be NULL) */
	bool send;
	bool closed; /* out: this case was chosen because its channel is closed */
};

#define GRMON_CHAN_CASES_MAX 256

/*
 * Carry out one of several sends and receives.
 *
 * timeout_ns   Nanoseconds to wait at most. 0 never blocks, like Go's default case. A
 *              negative value waits forever.
 *
 * If several cases are ready, one of them is chosen at random with equal probability. The
 * same channel may appear in several cases, also in both directions. Without any case and
 * with a negative timeout the call blocks forever.
 *
 * Returns the index of the chosen case, GRMON_EAGAIN if timeout_ns is 0 and no case is
 * ready, GRMON_ETIMEDOUT, or GRMON_EINVAL if count exceeds GRMON_CHAN_CASES_MAX or cases
 * is NULL with count > 0. A send to a closed channel counts as ready: it sends nothing
 * and sets .closed.
 */
GRMON_API int grmon_chan_select(struct grmon_chan_case *cases, size_t count,
				int64_t timeout_ns);

#ifdef __cplusplus
}
#endif

#endif
