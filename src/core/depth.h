/* SPDX-License-Identifier: MIT */
/* How deep inside its work a wait is: the number of the program's own frames between the
 * task's start function and the wait. */
#ifndef CORE_DEPTH_H
#define CORE_DEPTH_H

#include "core/snapshot.h"

/* Up to this number of frames, the wait is still in the task's own main loop. */
#define DEPTH_LOOP       2u
/* The limit if a function on the way has a name that says that it waits for work. */
#define DEPTH_NAMED_LOOP 4u

/* Fills in depth, began, unknown, asks, reads, vague and place of a stack that is
 * otherwise complete. */
void depth_measure(struct stack *stack);
/* Returns whether, according to its frames, the task waits in the loop that it began
 * with. */
bool depth_is_loop(const struct stack *stack);
/* Returns whether the frames show that it does not. */
bool depth_is_inside(const struct stack *stack);

#endif
