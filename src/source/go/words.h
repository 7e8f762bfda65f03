/* SPDX-License-Identifier: MIT */
/* Maps the words and functions of Go's runtime to states of grmon-c, for goroutines read
 * from memory and for texts printed by the runtime. */
#ifndef SOURCE_GO_WORDS_H
#define SOURCE_GO_WORDS_H

#include "core/snapshot.h"

/* The kind of object that a goroutine waits on, which determines where it is searched. */
enum go_object {
	GO_OBJECT_NONE,
	GO_OBJECT_CHAN,
	GO_OBJECT_SELECT,
	GO_OBJECT_FD,
	GO_OBJECT_LOCK, /* a semaphore and the object that contains it */
};

struct go_reason {
	const char *text; /* interned */
	enum task_state state;
	enum go_object object;
};

/* Sets what a reason's text means; unknown texts give STATE_UNKNOWN. */
void go_reason_explain(struct go_reason *reason);
/* Refines a state by the functions on the stack: a semaphore of a WaitGroup, the
 * direction of I/O. Returns `from` if they add nothing. */
enum task_state go_stack_state(const struct stack *stack, enum task_state from);

#endif
