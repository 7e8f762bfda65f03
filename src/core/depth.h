/* SPDX-License-Identifier: MIT */
/* How deep inside its work a wait is: frames of the program's own between the function
 * that the task began with and the wait. */
#ifndef CORE_DEPTH_H
#define CORE_DEPTH_H

#include "core/snapshot.h"

/* Up to this number of frames it is still the task's own main loop. */
#define DEPTH_LOOP       2u
/* The same where a name on the way says that it waits for work. */
#define DEPTH_NAMED_LOOP 4u

/* Fills depth, began, unknown, asks, reads, vague and place of a stack that is otherwise complete. */
void depth_measure(struct stack *stack);
/* It waits in the loop that it began with, as far as its frames say. */
bool depth_is_loop(const struct stack *stack);
/* The frames say that it does not. */
bool depth_is_inside(const struct stack *stack);

#endif
