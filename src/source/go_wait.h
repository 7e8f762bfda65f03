/* SPDX-License-Identifier: MIT */
/* What a goroutine waits for: the runtime's own words, read from the target, and what they
 * mean in grmon-c's. */
#ifndef SOURCE_GO_WAIT_H
#define SOURCE_GO_WAIT_H

#include "base/intern.h"
#include "core/snapshot.h"
#include "source/go_module.h"

#define GO_REASONS_MAX 80u

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

struct go_reasons {
	struct go_reason list[GO_REASONS_MAX];
	size_t nr;
};

/* False: the texts were not found; list is empty then. */
bool go_reasons_read(struct go_reasons *reasons, const struct go_module *module,
		     struct go_mem *mem, struct intern *intern);
/* What a reason's text means; unknown texts give STATE_UNKNOWN. */
void go_reason_explain(struct go_reason *reason);
/* What the functions on the stack add: a semaphore that is a WaitGroup's, the direction of
 * I/O. Returns from where they add nothing. */
enum task_state go_stack_state(const struct stack *stack, enum task_state from);

#endif
