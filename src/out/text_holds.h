/* SPDX-License-Identifier: MIT */
/* What tasks hold, for people. */
#ifndef OUT_TEXT_HOLDS_H
#define OUT_TEXT_HOLDS_H

#include "out/out.h"

/* Writes lines below the row of a task: what it holds, or why that is not known. */
void text_put_holds(struct buf *out, const struct snapshot *snapshot,
		    const struct task *task, bool ascii);
/* Writes what the largest groups have in common, before the rows; nothing if no group has
 * two tasks whose holds are known. */
void text_put_holds_groups(struct buf *out, const struct snapshot *snapshot,
			   const struct rows *rows, bool ascii);

#endif
