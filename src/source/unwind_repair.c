/* SPDX-License-Identifier: MIT */
/* The kernel shows no frame pointer, and some functions find their caller by it alone. It
 * is looked for on the stack: a word below a return address whose call went to the
 * function that lacks it. What fits best all along the chain is believed. */
#include <stdlib.h>
#include <string.h>

#include "source/symbols_private.h"

#define CANDIDATES_MAX 64u
#define TRIES_MAX      24u
#define FUNCTION_SPAN  (1u << 16) /* most are shorter, where no symbol says how long */

enum fit {
	FIT_CALLED, /* the call goes to the function */
	FIT_MAYBE,  /* through a register */
	FIT_OTHER,  /* to another one, which may end in a jump to it */
	NR_FITS
};

struct candidate {
	size_t at; /* in the copied bytes */
	enum fit fit;
};

static enum fit fit_of(uint64_t target, uint64_t start, uint64_t pc)
{
	bool called =
		start ? target == start : target <= pc && pc - target < FUNCTION_SPAN;

	return !target ? FIT_MAYBE : called ? FIT_CALLED : FIT_OTHER;
}

/* Places that may hold the frame pointer of the function at pc, the inner ones first. */
static size_t find_candidates(struct symbols *symbols, const struct unwind_job *job,
			      struct candidate *out)
{
	const struct unwind_start *start = job->start;
	uint64_t pc = job->pcs[job->nr_pcs - 1];
	const struct symbol_entry *entry =
		symbols_entry(symbols, pc, job->after_call[job->nr_pcs - 1]);
	uint64_t function = entry ? entry->start : 0;
	size_t count = 0;

	for (size_t at = 0; at + 16 <= start->nr_bytes && count < CANDIDATES_MAX;
	     at += 8) {
		uint64_t back, target;

		memcpy(&back, start->bytes + at + 8, sizeof(back));
		if (back < 4096 || !symbols_call_before(symbols, back, &target))
			continue;
		out[count++] = (struct candidate){at, fit_of(target, function, pc)};
	}
	return count;
}

/* How many calls of the chain did not go where the next frame is. */
static size_t count_misfits(struct symbols *symbols, const struct unwind_job *job)
{
	size_t count = 0;

	for (size_t i = 1; i < job->nr_pcs; i++)
		count += job->after_call[i] &&
			 symbols_calls_other(symbols, job->pcs[i - 1],
					     job->after_call[i - 1], job->pcs[i]);
	return count;
}

bool unwind_repair(struct symbols *symbols, struct unwind_job *job)
{
	struct candidate candidates[CANDIDATES_MAX];
	size_t nr_candidates = find_candidates(symbols, job, candidates);
	struct unwind_job *trial = malloc(2 * sizeof(*trial));
	struct unwind_job *best = trial ? trial + 1 : NULL;
	size_t fewest = SIZE_MAX;
	size_t tries = 0;

	for (enum fit fit = FIT_CALLED; trial && fit < NR_FITS && fewest; fit++) {
		for (size_t i = 0; i < nr_candidates && tries < TRIES_MAX && fewest;
		     i++) {
			if (candidates[i].fit != fit)
				continue;
			tries++;
			trial->symbols = symbols;
			trial->start = job->start;
			trial->frame_pointer = job->start->sp + candidates[i].at;
			trial->has_frame_pointer = true;
			if (!unwind_walk(symbols, trial) || trial->nr_pcs <= job->nr_pcs)
				continue;
			size_t misfits = count_misfits(symbols, trial);

			if (misfits >= fewest)
				continue;
			fewest = misfits;
			memcpy(best, trial, sizeof(*best));
		}
	}
	if (fewest != SIZE_MAX)
		memcpy(job, best, sizeof(*job));
	free(trial);
	return fewest != SIZE_MAX;
}
