/* SPDX-License-Identifier: MIT */
#include "core/outer.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define OUTERS        1024u /* a power of two */
#define OUTERS_MOST   (OUTERS / 2)
/* A wait this many frames further in is inside the work … */
#define INSIDE        2
/* … once this many samples have found a thread there. */
#define SAMPLES_LEAST 3u

struct outer {
	uint64_t key; /* of the start function of the threads; 0 if free */
	uint8_t least;
	uint8_t inside; /* number of samples of threads at least INSIDE further in */
};

struct outers {
	uint64_t seed;
	uint32_t count;
	struct outer list[OUTERS];
};

struct outers *outers_new(void)
{
	struct outers *outers = calloc(1, sizeof(*outers));

	if (outers)
		outers->seed = hash_seed();
	return outers;
}

void outers_free(struct outers *outers)
{
	free(outers);
}

void outers_reset(struct outers *outers)
{
	memset(outers->list, 0, sizeof(outers->list));
	outers->count = 0;
}

/* Returns 0 if the thread's start function is unknown. */
static uint64_t outer_key(const struct outers *outers, const struct task *task)
{
	const struct stack *stack = task->stack;

	if (task->kind != TASK_THREAD || !stack || !stack->began || stack->unknown ||
	    !stack->root || !state_blocks(task->state))
		return 0;
	return hash_mix(outers->seed, stack->root) | 1;
}

/* Returns the slot of the key, or the free one where it belongs. */
static size_t outer_slot(const struct outers *outers, uint64_t key)
{
	size_t at = key >> 1 & (OUTERS - 1);

	while (outers->list[at].key && outers->list[at].key != key)
		at = (at + 1) & (OUTERS - 1);
	return at;
}

void outers_put(struct outers *outers, const struct task *task)
{
	uint64_t key = outer_key(outers, task);
	struct outer *outer = key ? &outers->list[outer_slot(outers, key)] : NULL;
	uint8_t depth;

	if (!outer || (!outer->key && outers->count >= OUTERS_MOST))
		return;
	depth = task->stack->depth;
	if (!outer->key) {
		outers->count++;
		*outer = (struct outer){key, depth, 0};
	}
	/* This wait is further out than any before, so the earlier ones may have been
	 * inside. */
	if (depth + INSIDE <= outer->least)
		outer->inside = SAMPLES_LEAST;
	else if (depth >= outer->least + INSIDE && outer->inside < SAMPLES_LEAST)
		outer->inside++;
	if (depth < outer->least)
		outer->least = depth;
}

bool outer_is_loop(const struct outers *outers, const struct task *task)
{
	uint64_t key = outer_key(outers, task);
	const struct outer *outer = key ? &outers->list[outer_slot(outers, key)] : NULL;

	return outer && outer->key && task->stack->depth == outer->least &&
	       outer->inside >= SAMPLES_LEAST;
}
