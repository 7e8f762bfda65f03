/* SPDX-License-Identifier: MIT */
/* A table of a fixed size, so memory is bounded whatever the target does. A stack may be at
 * one of two places, and replaces the one there that was asked for less recently. */
#include "out/json_stacks.h"

#include <stdlib.h>

#include "base/hash.h"
#include "out/json_field.h"

#define PAIRS 128u

struct place {
	const struct stack *stack;
	struct buf text;
};

struct pair {
	struct place places[2];
	unsigned older;
};

struct json_stacks {
	struct pair pairs[PAIRS];
};

struct json_stacks *json_stacks_new(void)
{
	return calloc(1, sizeof(struct json_stacks));
}

void json_stacks_free(struct json_stacks *stacks)
{
	for (size_t i = 0; stacks && i < PAIRS; i++)
		for (size_t k = 0; k < 2; k++)
			buf_release(&stacks->pairs[i].places[k].text);
	free(stacks);
}

/* Returns the text of the stack. */
static const struct buf *find(struct json_stacks *stacks, const struct stack *stack)
{
	struct pair *pair = &stacks->pairs[hash_mix((uintptr_t)stack, 1) % PAIRS];
	unsigned at = pair->older;

	for (unsigned k = 0; k < 2; k++)
		if (pair->places[k].stack == stack)
			at = k;
	pair->older = !at;
	if (pair->places[at].stack != stack) {
		pair->places[at].stack = stack;
		buf_clear(&pair->places[at].text);
		json_put_frames(&pair->places[at].text, stack);
	}
	return &pair->places[at].text;
}

void json_stacks_put(struct json_stacks *stacks, struct buf *out,
		     const struct stack *stack)
{
	const struct buf *text = stacks && stack ? find(stacks, stack) : NULL;

	if (!text || text->failed)
		json_put_frames(out, stack);
	else
		buf_append(out, text->bytes, text->length);
}
