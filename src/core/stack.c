/* SPDX-License-Identifier: MIT */
/* Unique stacks: a hash table with open addressing over pointers. The stacks are in an
 * arena that is freed with the table. */
#include "core/stack.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "core/depth.h"
#include "core/pool.h"

#define STACK_CAPACITY_FIRST 256u
#define STACK_BYTES_MAX      (512u << 20)
/* Number of innermost frames that distinguish one wait from another. Frames further out
 * may be missing in some samples, because stacks may be read incompletely. */
#define SITE_FRAMES          3u
#define ANCESTRIES_FIRST     64u
#define CODE_PAGE            4096u /* the least distance by which code is moved */
#define ANCESTRIES_MAX       (1u << 17)

struct stack_table {
	struct stack **entries;
	size_t capacity; /* a power of two */
	size_t count;
	size_t max_stacks;
	uint64_t seed;
	bool full;
	struct ancestry **ancestries; /* open addressing, half used at most */
	size_t cap_ancestries, nr_ancestries;
	struct arena arena;
};

bool stack_table_full(const struct stack_table *table)
{
	return table->full;
}

struct stack_table *stack_table_new(size_t max_stacks)
{
	struct stack_table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->entries = calloc(STACK_CAPACITY_FIRST, sizeof(*table->entries));
	if (!table->entries) {
		free(table);
		return NULL;
	}
	table->capacity = STACK_CAPACITY_FIRST;
	table->max_stacks = max_stacks;
	table->seed = hash_seed();
	arena_init(&table->arena, STACK_BYTES_MAX);
	return table;
}

void stack_table_free(struct stack_table *table)
{
	if (!table)
		return;
	arena_release(&table->arena);
	free(table->ancestries);
	free(table->entries);
	free(table);
}

static bool frame_equal(const struct frame *a, const struct frame *b)
{
	return a->address == b->address && a->function == b->function &&
	       a->file == b->file && a->line == b->line && a->inlined == b->inlined &&
	       a->library == b->library;
}

static bool stack_equal(const struct stack *stack, uint64_t hash,
			const struct frame *frames, size_t nr_frames, bool truncated)
{
	if (stack->hash != hash || stack->nr_frames != nr_frames ||
	    stack->truncated != truncated)
		return false;
	for (size_t i = 0; i < nr_frames; i++)
		if (!frame_equal(&stack->frames[i], &frames[i]))
			return false;
	return true;
}

/* Hashes each field, because the padding of a frame is undefined. */
static uint64_t stack_hash(uint64_t seed, const struct frame *frames, size_t nr_frames,
			   bool truncated)
{
	uint64_t hash = hash_mix(seed, nr_frames * 2 + truncated);

	for (size_t i = 0; i < nr_frames; i++) {
		const struct frame *frame = &frames[i];

		hash = hash_mix(hash ^ frame->address,
				(uint64_t)(uintptr_t)frame->function);
		hash = hash_mix(hash ^ (uint64_t)(uintptr_t)frame->file,
				(uint64_t)frame->line * 4 + frame->inlined * 2u +
					frame->library);
	}
	return hash;
}

static int stack_table_grow(struct stack_table *table)
{
	size_t capacity = table->capacity * 2;
	struct stack **entries = calloc(capacity, sizeof(struct stack *));

	if (!entries)
		return -1;
	for (size_t i = 0; i < table->capacity; i++) {
		struct stack *stack = table->entries[i];
		size_t at;

		if (!stack)
			continue;
		at = stack->hash & (capacity - 1);
		while (entries[at])
			at = (at + 1) & (capacity - 1);
		entries[at] = stack;
	}
	free(table->entries);
	table->entries = entries;
	table->capacity = capacity;
	return 0;
}

/* Computed once per stack, not once per task and sample. */
static uint64_t stack_site(const struct frame *frames, size_t nr_frames)
{
	uint64_t site = 1;

	for (size_t i = 0; i < nr_frames && i < SITE_FRAMES; i++)
		site = hash_mix(site ^ frames[i].address,
				(uint64_t)(uintptr_t)frames[i].function ^
					(uint64_t)frames[i].line);
	return site ? site : 1;
}

/* Equal frames with different seeds are different stacks. */
static struct stack *find_or_add(struct stack_table *table, const struct frame *frames,
				 size_t nr_frames, bool truncated, uint64_t seed)
{
	uint64_t hash = stack_hash(seed, frames, nr_frames, truncated);
	struct stack *stack;
	size_t at;

	for (at = hash & (table->capacity - 1); table->entries[at];
	     at = (at + 1) & (table->capacity - 1))
		if (stack_equal(table->entries[at], hash, frames, nr_frames, truncated))
			return table->entries[at];

	if (table->count >= table->max_stacks) {
		table->full = true;
		return NULL;
	}
	if (table->count + 1 > table->capacity / 4 * 3) {
		if (stack_table_grow(table) < 0)
			return NULL;
		for (at = hash & (table->capacity - 1); table->entries[at];)
			at = (at + 1) & (table->capacity - 1);
	}
	stack = arena_alloc(&table->arena, sizeof(*stack) + nr_frames * sizeof(*frames));
	if (!stack) {
		table->full = true;
		return NULL;
	}
	stack->nr_frames = nr_frames;
	stack->truncated = truncated;
	stack->hash = hash;
	memcpy(stack->frames, frames, nr_frames * sizeof(*frames));
	stack->top = (uint32_t)stack_find_top(frames, nr_frames) + 1;
	stack->function = stack_top_frame(stack)->function;
	stack->rests = pool_stack_rests(frames, nr_frames);
	depth_measure(stack);
	stack->site = stack_site(frames, nr_frames);
	letters_add_stack(&stack->letters, stack);
	table->entries[at] = stack;
	table->count++;
	return stack;
}

const struct stack *stack_intern(struct stack_table *table, const struct frame *frames,
				 size_t nr_frames, bool truncated)
{
	if (nr_frames == 0)
		return NULL;
	if (nr_frames > SNAPSHOT_FRAMES_MAX) {
		nr_frames = SNAPSHOT_FRAMES_MAX;
		truncated = true;
	}
	return find_or_add(table, frames, nr_frames, truncated, table->seed);
}

const struct stack *stack_alike(struct stack_table *table, const struct stack *stack)
{
	struct frame frames[SNAPSHOT_FRAMES_MAX];
	uint64_t within = 1; /* where in a page of code the frames are, as a hash */
	struct stack *alike;

	if (!stack || stack->alike)
		return stack ? stack->alike : NULL;
	memcpy(frames, stack->frames, stack->nr_frames * sizeof(*frames));
	for (size_t i = 0; i < stack->nr_frames; i++) {
		if (!frames[i].function)
			continue;
		within = hash_mix(within, frames[i].address & (CODE_PAGE - 1));
		frames[i].address = 0;
	}
	alike = find_or_add(table, frames, stack->nr_frames, stack->truncated,
			    hash_mix(table->seed, within));
	if (!alike)
		return stack;
	if (!alike->alike) {
		alike->alike = alike;
		alike->site = hash_mix(alike->site, within) | 1;
	}
	((struct stack *)stack)->alike = alike;
	return alike;
}

static bool grow_ancestries(struct stack_table *table)
{
	size_t capacity =
		table->cap_ancestries ? table->cap_ancestries * 2 : ANCESTRIES_FIRST;
	struct ancestry **list = capacity > ANCESTRIES_MAX
					 ? NULL
					 : calloc(capacity, sizeof(struct ancestry *));

	if (!list)
		return false;
	for (size_t i = 0; i < table->cap_ancestries; i++) {
		struct ancestry *ancestry = table->ancestries[i];
		size_t at;

		if (!ancestry)
			continue;
		at = ancestry->hash & (capacity - 1);
		while (list[at])
			at = (at + 1) & (capacity - 1);
		list[at] = ancestry;
	}
	free(table->ancestries);
	table->ancestries = list;
	table->cap_ancestries = capacity;
	return true;
}

const struct ancestry *stack_intern_ancestry(struct stack_table *table,
					     const struct stack *const *stacks, size_t nr)
{
	struct ancestry *ancestry;
	uint64_t hash = table->seed;
	size_t at, count = 0;

	while (count < nr && count < SNAPSHOT_ANCESTORS_MAX && stacks[count])
		hash = hash_mix(hash, stacks[count++]->hash);
	if (count == 0 || (table->nr_ancestries >= table->cap_ancestries / 2 &&
			   !grow_ancestries(table)))
		return NULL;
	for (at = hash & (table->cap_ancestries - 1); table->ancestries[at];
	     at = (at + 1) & (table->cap_ancestries - 1)) {
		ancestry = table->ancestries[at];
		if (ancestry->hash == hash && ancestry->nr == count &&
		    memcmp(ancestry->stacks, stacks, count * sizeof(*stacks)) == 0)
			return ancestry;
	}
	ancestry =
		arena_alloc(&table->arena, sizeof(*ancestry) + count * sizeof(*stacks));
	if (!ancestry)
		return NULL;
	ancestry->hash = hash;
	ancestry->nr = count;
	memcpy(ancestry->stacks, stacks, count * sizeof(*stacks));
	table->ancestries[at] = ancestry;
	table->nr_ancestries++;
	return ancestry;
}
