/* SPDX-License-Identifier: MIT */
/* What the words and functions of Go's runtime mean in grmon-c's: for goroutines that are read
 * from memory, and for texts that the runtime prints. */
#ifndef SOURCE_GO_WORDS_H
#define SOURCE_GO_WORDS_H

#include "core/snapshot.h"

/* What kind of object a wait is about, which says where to look for it. */
enum go_object {
	GO_OBJECT_NONE,
	GO_OBJECT_CHAN,
	GO_OBJECT_SELECT,
	GO_OBJECT_FD,
	GO_OBJECT_LOCK, /* a semaphore, and what it stands for */
};

struct go_reason {
	const char *text; /* interned */
	enum task_state state;
	enum go_object object;
};

/* What a reason's text means; unknown texts give STATE_UNKNOWN. */
void go_reason_explain(struct go_reason *reason);
/* What the functions on the stack add: a semaphore that is a WaitGroup's, the direction of
 * I/O. Returns from where they add nothing. */
enum task_state go_stack_state(const struct stack *stack, enum task_state from);

#endif
