/* SPDX-License-Identifier: MIT */
/* Threads of well-known libraries that wait for work by design. */
#ifndef CORE_POOL_H
#define CORE_POOL_H

#include "core/snapshot.h"

/* Of such a pool, whatever it does now. */
bool pool_member(const struct task *task);
/* Tasks that are half of a pair, the other half of which can be at rest only with them: the
 * readers of pooled client connections that wait until somebody has read a body. */
struct pool_pairs {
	uint64_t *ids; /* sorted */
	size_t count, capacity;
};

/* Zeroed at first. Of each look: begin, put each task, end; without memory some are missing. */
void pool_pairs_begin(struct pool_pairs *pairs);
void pool_pairs_put(struct pool_pairs *pairs, const struct task *task);
void pool_pairs_end(struct pool_pairs *pairs);
void pool_pairs_release(struct pool_pairs *pairs);
/* Waits for work, in the pool's own function: idle. One that waits inside of its work, or for
 * a lock, does not; but for those that their owner holds back by a mutex. pairs: NULL: none. */
bool pool_rests(const struct task *task, const struct pool_pairs *pairs);
/* In a runtime's block_on, which runs the rest. */
bool pool_blocks_on(const struct task *task);
/* A reader of an accepted connection, as far as is known at the beginning of a request. */
bool pool_awaits_request(const struct task *task);
/* What a stack table keeps of this in stack->rests; 0: nothing. */
uint8_t pool_stack_rests(const struct frame *frames, size_t nr_frames);

#endif
