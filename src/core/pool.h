/* SPDX-License-Identifier: MIT */
/* Threads of well-known libraries that wait for work by design. */
#ifndef CORE_POOL_H
#define CORE_POOL_H

#include "core/snapshot.h"

/* Of such a pool, whatever it does now. */
bool pool_member(const struct task *task);
/* Waits for work, in the pool's own function: idle. One that waits inside of its work, or for
 * a lock, does not; but for those that their owner holds back by a mutex. */
bool pool_rests(const struct task *task);
/* What a stack table keeps of this in stack->rests; 0: nothing. */
uint8_t pool_stack_rests(const struct frame *frames, size_t nr_frames);

#endif
