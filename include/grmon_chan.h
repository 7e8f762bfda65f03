/* SPDX-License-Identifier: MIT */
/*
 * Channels as in Go, for threads: unbuffered and buffered, close, try, deadline, and a
 * select over many. While a call blocks, the task's row in grmon-c says chan-send,
 * chan-recv or select and which channel; the channel's capacity, length and waiters are
 * published too.
 *
 * Semantics follow the Go specification ("Channel types", "Send statements", "Receive
 * operator", "Close", "Select statements"), except that an error is returned where Go
 * panics: send on, or second close of, a closed channel returns GRMON_ECLOSED.
 *
 * Waiters are served first in, first out. Any number of threads may send, receive, select
 * and close at the same time. Elements are copied; their bytes are the caller's before a
 * successful send and the receiver's after it. A call may be made from a thread without a
 * slot: it works, only unseen. None of these functions is async-signal-safe. All preserve
 * errno.
 *
 * Blocking calls are cancellation points, when they begin and while they wait. A cancelled
 * call has had no effect, unless a peer had completed it already: then the element of a
 * send was delivered, and that of a receive goes to the next receiver instead (with an
 * element pointer of NULL it is dropped).
 *
 * A forked child's channels hold what was buffered, and no waiters. As with a mutex, a
 * channel that another thread was just using when the process forked stays locked there.
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
 * element_bytes   0 to GRMON_CHAN_ELEMENT_MAX; 0 makes a channel of signals (element
 *                 pointers may then be NULL).
 * capacity        Elements that are buffered; 0: a send waits for its receiver.
 *
 * Returns the channel, or NULL when the sizes are too large or there is no memory. Free it
 * with grmon_chan_free().
 */
#define GRMON_CHAN_ELEMENT_MAX 65536
GRMON_API struct grmon_chan *grmon_chan_new(size_t element_bytes, size_t capacity);

/* Give the channel a name that the client shows; at most 15 bytes are kept. */
GRMON_API void grmon_chan_name(struct grmon_chan *chan, const char *name);

/* Nobody may be blocked on it or use it afterwards. NULL is accepted. */
GRMON_API void grmon_chan_free(struct grmon_chan *chan);

/*
 * Blocks until a receiver has taken the element or the buffer has room.
 *
 * element   element_bytes bytes, read before the call returns.
 *
 * Returns 0 or GRMON_ECLOSED. A NULL chan blocks for ever, as a nil channel does.
 */
GRMON_API int grmon_chan_send(struct grmon_chan *chan, const void *element);
/* As send, but GRMON_EAGAIN instead of blocking. */
GRMON_API int grmon_chan_send_try(struct grmon_chan *chan, const void *element);
/* As send, but GRMON_ETIMEDOUT once CLOCK_MONOTONIC passes deadline_ns. */
GRMON_API int grmon_chan_send_until(struct grmon_chan *chan, const void *element,
				    int64_t deadline_ns);

/*
 * Blocks until there is an element or the channel is closed.
 *
 * element   element_bytes bytes that are written, or NULL to drop the element; zeroed when
 *           the result is GRMON_ECLOSED.
 *
 * Returns 0, or GRMON_ECLOSED when the channel is closed and drained.
 */
GRMON_API int grmon_chan_recv(struct grmon_chan *chan, void *element);
GRMON_API int grmon_chan_recv_try(struct grmon_chan *chan, void *element);
GRMON_API int grmon_chan_recv_until(struct grmon_chan *chan, void *element,
				    int64_t deadline_ns);

/* Wakes every blocked sender and receiver. Returns 0 or GRMON_ECLOSED. */
GRMON_API int grmon_chan_close(struct grmon_chan *chan);

/* Elements buffered now, and the capacity; a hint when others use the channel. */
GRMON_API size_t grmon_chan_len(const struct grmon_chan *chan);
GRMON_API size_t grmon_chan_cap(const struct grmon_chan *chan);

/* One case of a select. A NULL chan is never ready. */
struct grmon_chan_case {
	struct grmon_chan *chan;
	void *element; /* read from when send, written to (or NULL) when not */
	bool send;
	bool closed; /* out: this case was chosen because its channel is closed */
};

#define GRMON_CHAN_CASES_MAX 256

/*
 * Wait for one of several sends and receives.
 *
 * timeout_ns   < 0: for ever; 0: a default case, never blocks; > 0: nanoseconds from now.
 *
 * If several cases are ready one is chosen at random, with equal chances. Returns the
 * index of the case that was carried out (see .closed: a send to a closed channel is
 * chosen with .closed set and sends nothing), GRMON_EAGAIN (default), GRMON_ETIMEDOUT, or
 * GRMON_EINVAL (count > GRMON_CHAN_CASES_MAX, or a channel twice with mixed directions is
 * allowed; NULL cases with count > 0 is not). No cases and timeout_ns < 0 blocks for ever.
 */
GRMON_API int grmon_chan_select(struct grmon_chan_case *cases, size_t count,
				int64_t timeout_ns);

#ifdef __cplusplus
}
#endif

#endif
