/* SPDX-License-Identifier: MIT */
/* A table of a fixed size: a stack replaces the one that was at its place before, so memory
 * is bounded whatever the target does. */
#include "out/json_stacks.h"

#include <stdlib.h>

#include "base/hash.h"
#include "out/json_field.h"

#define PLACES 256u

struct json_stacks {
	struct {
		const struct stack *stack;
		struct buf text;
	} places[PLACES];
};

struct json_stacks *json_stacks_new(void)
{
	return calloc(1, sizeof(struct json_stacks));
}

void json_stacks_free(struct json_stacks *stacks)
{
	for (size_t i = 0; stacks && i < PLACES; i++)
		buf_release(&stacks->places[i].text);
	free(stacks);
}

void json_stacks_put(struct json_stacks *stacks, struct buf *out,
		     const struct stack *stack)
{
	size_t place = hash_mix((uintptr_t)stack, 1) % PLACES;
	struct buf *text = stacks ? &stacks->places[place].text : NULL;

	if (!stack || !text) {
		json_put_frames(out, stack);
		return;
	}
	if (stacks->places[place].stack != stack) {
		stacks->places[place].stack = stack;
		buf_clear(text);
		json_put_frames(text, stack);
	}
	if (text->failed)
		json_put_frames(out, stack);
	else
		buf_append(out, text->bytes, text->length);
}
