/* SPDX-License-Identifier: MIT */
/* Table of unique stacks: equal contents have equal pointers. Bounded. One thread owns
 * the table; any thread may read its stacks. */
#ifndef CORE_STACK_H
#define CORE_STACK_H

#include "core/snapshot.h"

struct stack_table;

struct stack_table *stack_table_new(size_t max_stacks);
/* Returns whether a stack was lost because there were more than max_stacks, or more than
 * 512 MB. */
bool stack_table_full(const struct stack_table *table);
void stack_table_free(struct stack_table *table); /* also frees the stacks */
/* Function and file of the frames must be interned, so that they can be compared by
 * pointer. Keeps at most SNAPSHOT_FRAMES_MAX frames and sets `truncated` if there are
 * more. Returns NULL if the table is full, memory is exhausted or nr_frames is 0. */
const struct stack *stack_intern(struct stack_table *table, const struct frame *frames,
				 size_t nr_frames, bool truncated);
/*
 * Returns the stack that this one is alike to in other processes, which have the same code
 * at other addresses: the same frames, without the addresses of known functions. Two
 * stacks that differ in where they are within a page of code are not alike, since no
 * process moves code by less. Returns the stack itself if there is no room, and NULL for
 * NULL.
 */
const struct stack *stack_alike(struct stack_table *table, const struct stack *stack);
/* Stacks must be of this table. Keeps the first SNAPSHOT_ANCESTORS_MAX; a NULL ends the
 * list. Returns NULL if there are too many in the table, memory is exhausted or the list
 * is empty. */
const struct ancestry *stack_intern_ancestry(struct stack_table *table,
					     const struct stack *const *stacks,
					     size_t nr);

#endif
