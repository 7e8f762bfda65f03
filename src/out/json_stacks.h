/* SPDX-License-Identifier: MIT */
/* Stacks as JSON. Many tasks have the same stack, whose text is kept. */
#ifndef OUT_JSON_STACKS_H
#define OUT_JSON_STACKS_H

#include "base/buf.h"
#include "core/snapshot.h"

struct json_stacks;

/* Returns NULL if there is no memory, which the others accept: then no text is kept. */
struct json_stacks *json_stacks_new(void);
void json_stacks_free(struct json_stacks *stacks);
/* Writes an array of frames, which is empty for NULL, as json_put_frames() does. */
void json_stacks_put(struct json_stacks *stacks, struct buf *out,
		     const struct stack *stack);

#endif
