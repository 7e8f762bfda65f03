/* SPDX-License-Identifier: MIT */
/* Table of unique stacks: equal content, equal pointer. Bounded; owned by one thread, its
 * stacks may be read by any. */
#ifndef CORE_STACK_H
#define CORE_STACK_H

#include "core/snapshot.h"

struct stack_table;

struct stack_table *stack_table_new(size_t max_stacks);
/* Whether a stack was lost: more than max_stacks, or than 512 MB. */
bool stack_table_full(const struct stack_table *table);
void stack_table_free(struct stack_table *table); /* frees the stacks too */
/* frames: function and file interned, so that they compare by pointer. NULL: full or no
 * memory, or nr_frames is 0. At most SNAPSHOT_FRAMES_MAX are kept (then truncated). */
const struct stack *stack_intern(struct stack_table *table, const struct frame *frames,
				 size_t nr_frames, bool truncated);

#endif
