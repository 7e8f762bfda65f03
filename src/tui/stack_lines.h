/* SPDX-License-Identifier: MIT */
/* A stack with the source code of the frame that matters, in as many lines as there are. */
#ifndef TUI_STACK_LINES_H
#define TUI_STACK_LINES_H

#include "core/excerpt.h"
#include "tui/lines.h"

/* Returns the frame that matters to the user: `top` if its line is known, or else the first
 * frame with a line. NULL if there is none. */
const struct frame *stack_place(const struct stack *stack, const struct frame *top);

struct stack_lines {
	const struct stack *stack; /* or NULL */
	const struct frame *top;   /* the frame to emphasise, or NULL */
	const struct frame
		*place;          /* the frame that the source code belongs to, or NULL */
	struct excerpt *excerpt; /* keeps what was read */
	bool read;               /* source code may be read now */
	size_t code;             /* lines of source code at most */
};

/* Adds the frames, with the code below its frame. With fewer lines than they need: those
 * from `top` on, and how many more there are. */
void page_stack(struct page *page, const struct stack_lines *of, size_t most);

#endif
