/* SPDX-License-Identifier: MIT */
/* The kernel does not show the frame pointer, and some functions can be unwound only with
 * it. It is searched for on the stack: as the address of a word below a return address
 * whose call went to the function that lacks it. The candidate with the most consistent
 * chain wins, unless another chain is as possible and contradicts it: a function's local
 * data may have been the frames of earlier calls. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "source/symbols/private.h"

#define CANDIDATES_MAX 64u
#define TRIES_MAX      48u

enum fit {
	FIT_PLACE,  /* it is where the function's first instructions put it */
	FIT_CALLED, /* the call goes to the function */
	FIT_MAYBE,  /* the call goes through a register */
	FIT_OTHER,  /* the call goes to another function, which may end in a jump to it */
	NR_FITS
};

struct candidate {
	size_t at; /* offset in the copied bytes */
	enum fit fit;
};

/* Returns the stack pointer of the last frame as an offset in the copied bytes: it points
 * right above the word that the frame's pc was read from. */
static size_t last_sp(const struct unwind_job *job)
{
	size_t at = 0;

	if (job->nr_pcs < 2)
		return 0;
	for (uint32_t i = 0; i < job->nr_reads; i++)
		if (job->reads[i].word == job->pcs[job->nr_pcs - 1])
			at = job->reads[i].offset + sizeof(uint64_t);
	return at;
}

static enum fit fit_of(uint64_t target, uint64_t start, uint64_t pc)
{
	if (!target)
		return FIT_MAYBE;
	return symbols_may_start(target, start, pc) ? FIT_CALLED : FIT_OTHER;
}

/* Finds places that the frame pointer of the function at pc may point to, innermost
 * first. */
static size_t find_candidates(struct symbols *symbols, const struct unwind_job *job,
			      struct candidate *out)
{
	const struct unwind_start *start = job->start;
	uint64_t pc = job->pcs[job->nr_pcs - 1];
	const struct symbol_entry *entry =
		symbols_entry(symbols, pc, job->after_call[job->nr_pcs - 1]);
	uint64_t function = entry ? entry->start : 0;
	struct prologue prologue;
	size_t lowest = last_sp(job);
	size_t count = 0;

	if (symbols_prologue(symbols, function, pc, &prologue))
		lowest += prologue.room;
	for (size_t at = lowest; at + 16 <= start->nr_bytes && count < CANDIDATES_MAX;
	     at += 8) {
		uint64_t back, target;

		memcpy(&back, start->bytes + at + 8, sizeof(back));
		if (back < 4096 || !symbols_call_before(symbols, back, &target))
			continue;
		out[count++] = (struct candidate){
			at, prologue.exact && at - lowest <= prologue.slack
				    ? FIT_PLACE
				    : fit_of(target, function, pc)};
	}
	return count;
}

/* Rates the consistency of a chain: calls that went to the next frame's function, minus
 * calls that did not. A tail call occasionally produces one of the latter. */
static int rate_chain(struct symbols *symbols, const struct unwind_job *job,
		      bool *flawless)
{
	int rating = 0;

	*flawless = true;
	for (size_t i = 1; i < job->nr_pcs; i++) {
		int fits =
			job->after_call[i]
				? symbols_call_fits(symbols, job->pcs[i - 1],
						    job->after_call[i - 1], job->pcs[i])
				: 0;

		rating += fits;
		*flawless = *flawless && fits >= 0;
	}
	return rating;
}

static bool try_candidate(struct symbols *symbols, const struct unwind_job *job,
			  const struct candidate *candidate, struct unwind_job *trial)
{
	trial->symbols = symbols;
	trial->start = job->start;
	trial->frame_pointer = job->start->sp + candidate->at;
	trial->has_frame_pointer = true;
	unwind_walk(symbols, trial);
	/* A chain that is too long to store counts as complete. */
	return (trial->whole || trial->full) && trial->nr_pcs > job->nr_pcs;
}

/* What is known of the candidates so far. */
struct choice {
	struct unwind_job *best;
	int highest; /* rating of best; INT_MIN if there is none */
	bool flawless;
	bool contradicted;
};

/* Returns where the callers begin that tell one chain from another. A function that aligns
 * its stack has its return address twice: once as its caller left it, and copied beside the
 * saved frame pointer. */
static size_t first_caller(const struct unwind_job *job, size_t nr_common)
{
	bool twice = nr_common + 1 < job->nr_pcs &&
		     job->pcs[nr_common] == job->pcs[nr_common + 1];

	return nr_common + twice;
}

/* Returns true if one chain is the other without its innermost callers: it results from a
 * word of one of its outer frames, and cannot be told from a function with more local
 * data. That it is another way to the same place is not likely. */
static bool is_part_of(const struct unwind_job *a, const struct unwind_job *b,
		       size_t nr_common)
{
	size_t nr_a = a->nr_pcs - first_caller(a, nr_common);
	size_t nr_b = b->nr_pcs - first_caller(b, nr_common);
	size_t nr = nr_a < nr_b ? nr_a : nr_b;

	/* Chains that are too long to store have no known end. */
	if (a->full || b->full)
		return true;
	return memcmp(a->pcs + a->nr_pcs - nr, b->pcs + b->nr_pcs - nr,
		      nr * sizeof(a->pcs[0])) == 0;
}

static void consider(struct symbols *symbols, const struct unwind_job *job,
		     const struct unwind_job *trial, struct choice *choice)
{
	bool flawless;
	int rating = rate_chain(symbols, trial, &flawless);

	if (choice->highest > INT_MIN && flawless && choice->flawless &&
	    !is_part_of(trial, choice->best, job->nr_pcs))
		choice->contradicted = true;
	if (rating <= choice->highest)
		return;
	choice->highest = rating;
	choice->flawless = flawless;
	memcpy(choice->best, trial, sizeof(*trial));
}

void unwind_repair(struct symbols *symbols, struct unwind_job *job)
{
	struct candidate candidates[CANDIDATES_MAX];
	size_t nr_candidates = find_candidates(symbols, job, candidates);
	/* Every attempt initialises whatever it reads. */
	struct unwind_job *trial = malloc(2 * sizeof(*trial));
	/* cppcheck-suppress uninitdata */
	struct choice choice = {.best = trial ? trial + 1 : NULL, .highest = INT_MIN};
	size_t tries = 0;

	for (enum fit fit = FIT_PLACE; trial && fit < NR_FITS; fit++) {
		/* A place that the function's own instructions tell needs no alternative,
		 * and a chain without a misfit none that is less likely. */
		if ((fit == FIT_CALLED && choice.highest > INT_MIN) ||
		    (fit > FIT_CALLED && choice.flawless))
			break;
		for (size_t i = 0; i < nr_candidates && tries < TRIES_MAX; i++) {
			if (candidates[i].fit != fit)
				continue;
			tries++;
			if (try_candidate(symbols, job, &candidates[i], trial))
				consider(symbols, job, trial, &choice);
		}
	}
	if (choice.highest > INT_MIN && !choice.contradicted)
		memcpy(job, choice.best, sizeof(*job));
	free(trial);
}
