/* SPDX-License-Identifier: MIT */
/* Caches results of unwinding. The words that were read for a stack are remembered; a
 * stack with the same words in the same places has the same frames. A pool of threads
 * that take turns in one wait is thus unwound once. */
#include <stdlib.h>
#include <string.h>

#include "source/symbols/private.h"

#define RECIPES_PER_PC   64u
#define RECIPE_BYTES_MAX (8u << 20)
#define STACK_SPAN       (16u << 20)

/* Pointers into the stack are stored relative to the stack pointer, to match other
 * stacks. */
struct recipe_word {
	uint64_t word;
	uint32_t offset;
	bool relative;
};

struct unwind_recipe {
	uint64_t pc;
	bool live;
	uint32_t nr_words;
	const struct stack *stack;
	struct unwind_recipe *next; /* with the same pc */
	UT_hash_handle hh;
	struct recipe_word words[];
};

void unwind_recipes_release(struct symbols *symbols)
{
	struct unwind_recipe *recipe, *next;

	HASH_ITER (hh, symbols->recipes, recipe, next) {
		HASH_DEL(symbols->recipes, recipe);
		while (recipe) {
			struct unwind_recipe *after = recipe->next;

			free(recipe);
			recipe = after;
		}
	}
	symbols->recipes = NULL;
	symbols->recipe_bytes = 0;
}

static bool recipe_matches(const struct unwind_recipe *recipe,
			   const struct unwind_start *start)
{
	if (recipe->live != start->live)
		return false;
	for (uint32_t i = 0; i < recipe->nr_words; i++) {
		const struct recipe_word *want = &recipe->words[i];
		uint64_t word;

		if (want->offset + sizeof(word) > start->nr_bytes)
			return false;
		memcpy(&word, start->bytes + want->offset, sizeof(word));
		if (word - (want->relative ? start->sp : 0) != want->word)
			return false;
	}
	return true;
}

const struct stack *unwind_recipe_find(struct symbols *symbols,
				       const struct unwind_start *start)
{
	struct unwind_recipe *recipe;

	HASH_FIND(hh, symbols->recipes, &start->pc, sizeof(start->pc), recipe);
	while (recipe && !recipe_matches(recipe, start))
		recipe = recipe->next;
	return recipe ? recipe->stack : NULL;
}

static bool is_pc(const struct unwind_job *job, uint64_t word)
{
	for (size_t i = 0; i < job->nr_pcs; i++)
		if (job->pcs[i] == word)
			return true;
	return false;
}

/* A library may be mapped within STACK_SPAN of the stack, so a code address is never
 * stored as relative. */
static void add_word(struct unwind_recipe *recipe, const struct unwind_job *job,
		     const struct unwind_read *read)
{
	const struct unwind_start *start = job->start;
	bool relative = start->live && read->word - start->sp < STACK_SPAN &&
			!is_pc(job, read->word);

	recipe->words[recipe->nr_words++] = (struct recipe_word){
		read->word - (relative ? start->sp : 0), read->offset, relative};
}

/* For a creator's stack, whose registers are known: adds the words that became return
 * addresses. Returns false unless all were found, because a part proves nothing. */
static bool add_addresses(struct unwind_recipe *recipe, const struct unwind_job *job)
{
	for (size_t pc = 1; pc < job->nr_pcs; pc++) {
		uint32_t at = 0;

		while (at < job->nr_reads && job->reads[at].word != job->pcs[pc])
			at++;
		if (at == job->nr_reads)
			return false;
		add_word(recipe, job, &job->reads[at]);
	}
	return true;
}

void unwind_recipe_keep(struct symbols *symbols, const struct unwind_job *job,
			const struct stack *stack)
{
	const struct unwind_start *start = job->start;
	struct unwind_recipe *recipe, *first;
	uint32_t nr_words = start->live ? job->nr_reads : (uint32_t)job->nr_pcs;
	size_t bytes = sizeof(*recipe) + nr_words * sizeof(recipe->words[0]);
	size_t depth = 0;

	/* Words outside the copy could not be compared without reading them again. */
	if (!stack || job->nr_pcs < 2 || (start->live && (job->elsewhere || !job->whole)))
		return;
	if (symbols->recipe_bytes + bytes > RECIPE_BYTES_MAX)
		unwind_recipes_release(symbols);
	HASH_FIND(hh, symbols->recipes, &start->pc, sizeof(start->pc), first);
	for (recipe = first; recipe; recipe = recipe->next)
		depth++;
	recipe = depth < RECIPES_PER_PC ? calloc(1, bytes) : NULL;
	if (!recipe)
		return;
	recipe->pc = start->pc;
	recipe->live = start->live;
	recipe->stack = stack;
	for (uint32_t i = 0; start->live && i < nr_words; i++)
		add_word(recipe, job, &job->reads[i]);
	if (!start->live && !add_addresses(recipe, job)) {
		free(recipe);
		return;
	}
	symbols->recipe_bytes += bytes;
	if (first) {
		recipe->next = first->next;
		first->next = recipe;
		return;
	}
	HASH_ADD(hh, symbols->recipes, pc, sizeof(recipe->pc), recipe);
}
