/* SPDX-License-Identifier: MIT */
/* What a dump as text says of a task below its row: why it is stuck, what it waits for, its
 * stack, and who created it. */
#ifndef OUT_TEXT_STACKS_H
#define OUT_TEXT_STACKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "core/snapshot.h"

/* The stack that was written last, as text. */
struct last_stack {
	const struct stack *stack;
	struct buf text;
};

struct text_stacks {
	struct last_stack own, creator;
};

void text_stacks_init(struct text_stacks *stacks);
void text_stacks_release(struct text_stacks *stacks);
/* Appends it to out. Texts with times, such as how long a wait has lasted, are those of
 * now_ns, of the monotonic clock. If memory runs out, out->failed is set. All tasks of one
 * struct are of one snapshot, and are written with the same ascii. */
void text_put_stacks(struct text_stacks *stacks, struct buf *out, const struct task *task,
		     int64_t now_ns, bool ascii);

#endif
