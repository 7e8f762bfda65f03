/* SPDX-License-Identifier: MIT */
/* Threads of well-known libraries that wait for work by design. */
#ifndef CORE_POOL_H
#define CORE_POOL_H

#include "core/snapshot.h"

/* Returns whether the thread belongs to such a pool, whatever it does now. */
bool pool_member(const struct task *task);
/* Tasks that form one half of a pair whose other half can only be idle together with
 * them: readers of pooled client connections that wait until the program has read a
 * body. */
struct pool_pairs {
	uint64_t *ids; /* sorted */
	size_t count, capacity;
};

/* Zeroed initially. For each sample call begin, then put for each task, then end. If
 * memory is exhausted, some tasks are missing. */
void pool_pairs_begin(struct pool_pairs *pairs);
void pool_pairs_put(struct pool_pairs *pairs, const struct task *task);
void pool_pairs_end(struct pool_pairs *pairs);
void pool_pairs_release(struct pool_pairs *pairs);
/* Returns whether the task waits for work in the pool's own function, and is therefore
 * idle. That is not so if it waits inside its work or for a lock, except for workers that
 * their owner holds back with a mutex. pairs may be NULL. */
bool pool_rests(const struct task *task, const struct pool_pairs *pairs);
/* Returns whether the task is in a runtime's block_on(), which runs the other tasks. */
bool pool_blocks_on(const struct task *task);
/* Returns whether the task reads from an accepted connection and, as far as is known, is
 * at the beginning of a request. */
bool pool_awaits_request(const struct task *task);
/* Returns what a stack table stores in stack->rests; 0 for nothing. */
uint8_t pool_stack_rests(const struct frame *frames, size_t nr_frames);

#endif
