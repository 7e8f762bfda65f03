/* SPDX-License-Identifier: MIT */
/*
 * Has batches of goroutines read in the order in which they are added. Where there are very
 * many, and this program may use a second processor, a second thread reads some of them
 * while the caller works with those before: what is returned, and in which order, is the
 * same. If that thread does not come back, because a read may wait in the kernel, the
 * caller reads its batch too, and goes on alone.
 */
#ifndef SOURCE_GO_FETCH_H
#define SOURCE_GO_FETCH_H

#include "source/go/batch.h"

/* With fewer goroutines a second thread is not worth it. */
#define GO_FETCH_WIDE 32768u

struct go_fetch;

struct go_fetch *go_fetch_new(void);
void go_fetch_free(struct go_fetch *fetch);
/* Begins a sample. wide: use a second thread, if possible. */
void go_fetch_begin(struct go_fetch *fetch, bool wide);
/* Returns the batch to be filled in and added next, or NULL if one must be taken first. */
struct go_batch *go_fetch_room(struct go_fetch *fetch);
void go_fetch_add(struct go_fetch *fetch);
/* Returns the oldest batch, once it has been read; NULL if there is none. It is valid until
 * go_fetch_done(), which makes room for another one. */
struct go_batch *go_fetch_next(struct go_fetch *fetch);
void go_fetch_done(struct go_fetch *fetch);

/* For tests: how long to wait for the second thread, and whether it has read anything. */
void go_fetch_set_patience(struct go_fetch *fetch, int64_t patience_ns);
bool go_fetch_is_helped(struct go_fetch *fetch);

#endif
