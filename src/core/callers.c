/* SPDX-License-Identifier: MIT */
/* A stack is searched once, and again when there are more makers to look for. */
#include "core/callers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/text.h"

#define TYPES      4096u /* functions whose type is remembered */
#define TYPES_MAX  (TYPES / 4 * 3)
#define SEARCH_MAX 1024u /* stacks that are searched in one sample */

struct maker {
	const char *function; /* interned */
	uint64_t type;        /* hash; 0 if it is not a method */
	uint32_t deep;        /* how many creators lie between it and the group */
};

struct typed {
	const char *function; /* NULL if it is free */
	uint64_t type;
};

struct callers {
	struct maker makers[CALLERS_MAKERS_MAX];
	uint32_t nr_makers, nr_typed, nr;
	uint32_t generation; /* changes with the makers; not 0 */
	uint32_t sample, searched;
	struct caller list[CALLERS_MAX];
	uint32_t sampled[CALLERS_MAX]; /* the last sample that was counted */
	struct typed typed[TYPES];     /* open addressing */
};

struct callers *callers_new(void)
{
	struct callers *callers = calloc(1, sizeof(*callers));

	if (callers)
		callers->generation = 1;
	return callers;
}

void callers_free(struct callers *callers)
{
	free(callers);
}

void callers_reset(struct callers *callers)
{
	if (!callers)
		return;
	memset(callers, 0, sizeof(*callers));
	callers->generation = 1;
}

const char *callers_type(const char *function, char out[CALLERS_TYPE_MAX])
{
	const char *end = function ? strstr(function, ").") : NULL;
	size_t bytes = end ? (size_t)(end - function) + 1 : 0;

	out[0] = '\0';
	if (bytes > 0 && bytes < CALLERS_TYPE_MAX && strstr(function, ".(*") &&
	    strstr(function, ".(*") < end)
		snprintf(out, bytes + 1, "%s", function);
	return out;
}

static uint64_t type_hash(const char *function)
{
	char type[CALLERS_TYPE_MAX];

	callers_type(function, type);
	return type[0] ? hash_bytes(1, type, strlen(type)) | 1 : 0;
}

/* The same, remembered for each function. */
static uint64_t type_of(struct callers *callers, const char *function)
{
	size_t at = hash_mix((uintptr_t)function, 7) % TYPES;

	while (callers->typed[at].function && callers->typed[at].function != function)
		at = (at + 1) % TYPES;
	if (callers->typed[at].function)
		return callers->typed[at].type;
	if (callers->nr_typed == TYPES_MAX)
		return type_hash(function);
	callers->nr_typed++;
	callers->typed[at] = (struct typed){function, type_hash(function)};
	return callers->typed[at].type;
}

static void add_maker(struct callers *callers, const struct stack *created_by,
		      uint32_t deep)
{
	const struct frame *frame = stack_top_frame(created_by);

	if (!frame || !frame->function || deep > CALLERS_DEEP ||
	    callers->nr_makers == CALLERS_MAKERS_MAX)
		return;
	for (uint32_t i = 0; i < callers->nr_makers; i++)
		if (callers->makers[i].function == frame->function)
			return;
	callers->makers[callers->nr_makers++] =
		(struct maker){frame->function, type_of(callers, frame->function), deep};
	callers->generation++;
}

void callers_want(struct callers *callers, const struct stack *created_by)
{
	add_maker(callers, created_by, 0);
}

void callers_begin(struct callers *callers)
{
	callers->sample++;
	callers->searched = 0;
}

const struct frame *callers_own(const struct stack *stack, size_t from)
{
	for (size_t i = from + 1; i < stack->nr_frames; i++)
		if (stack->frames[i].function &&
		    frame_role(&stack->frames[i]) == FRAME_OWN)
			return &stack->frames[i];
	return NULL;
}

static bool same_frame(const struct frame *a, const struct frame *b)
{
	return a->function == b->function && a->file == b->file && a->line == b->line &&
	       (a->function || a->address == b->address);
}

static void note(struct callers *callers, struct callers_stack *seen,
		 const struct caller *found)
{
	uint32_t at;

	for (at = 0; at < callers->nr; at++)
		if (callers->list[at].maker == found->maker &&
		    callers->list[at].of_type == found->of_type &&
		    callers->list[at].creates == found->creates &&
		    same_frame(callers->list[at].frame, found->frame))
			break;
	if (at == callers->nr) {
		if (callers->nr == CALLERS_MAX)
			return;
		callers->list[callers->nr++] = *found;
	}
	seen->list[seen->count++] = (uint16_t)at;
}

/* Looks for the maker, or for the innermost method of its type. */
static const struct frame *find_maker(struct callers *callers, const struct maker *maker,
				      const struct stack *stack, bool *of_type,
				      size_t *at)
{
	const struct frame *method = NULL;

	for (size_t i = 0; i < stack->nr_frames; i++) {
		const struct frame *frame = &stack->frames[i];

		if (!frame->function)
			continue;
		if (frame->function == maker->function) {
			*of_type = false;
			*at = i;
			return frame;
		}
		if (!method && maker->type &&
		    type_of(callers, frame->function) == maker->type) {
			method = frame;
			*at = i;
		}
	}
	*of_type = true;
	return method;
}

static void search(struct callers *callers, struct callers_stack *seen,
		   const struct stack *stack, const struct stack *created_by)
{
	const struct frame *creator = stack_top_frame(created_by);

	seen->count = 0;
	seen->generation = callers->generation;
	for (uint32_t i = 0; i < callers->nr_makers && seen->count < CALLERS_STACK; i++) {
		struct maker maker = callers->makers[i];
		struct caller found = {.maker = maker.function};
		size_t at = 0;

		if (!find_maker(callers, &maker, stack, &found.of_type, &at))
			continue;
		found.frame = callers_own(stack, at);
		found.creates = !found.frame;
		if (!found.frame && creator && creator->function &&
		    creator->function != maker.function) {
			found.frame = creator;
			add_maker(callers, created_by, maker.deep + 1);
		}
		if (found.frame)
			note(callers, seen, &found);
	}
}

void callers_add(struct callers *callers, struct callers_stack *seen,
		 const struct stack *stack, const struct stack *created_by)
{
	if (callers->nr_makers == 0)
		return;
	if (seen->generation != callers->generation && callers->searched < SEARCH_MAX) {
		callers->searched++;
		search(callers, seen, stack, created_by);
	}
	for (uint32_t i = 0; i < seen->count; i++) {
		uint32_t at = seen->list[i];

		callers->list[at].samples += callers->sampled[at] != callers->sample;
		callers->sampled[at] = callers->sample;
	}
}

const struct caller *callers_list(const struct callers *callers, size_t *count)
{
	*count = callers->nr;
	return callers->list;
}
