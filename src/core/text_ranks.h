/* SPDX-License-Identifier: MIT */
/* The order of tasks by the text of one column. Texts that many tasks have are looked at
 * once. Scratch memory is kept between calls. */
#ifndef CORE_TEXT_RANKS_H
#define CORE_TEXT_RANKS_H

#include "core/column.h"
#include "core/sort.h"

/* Bytes of a text that are considered. */
#define TEXT_RANKS_BYTES 128u

/* What a text depends on: a stack or the key of a label, and a text in the task. */
struct text_cell {
	const struct stack *stack; /* or NULL */
	const char *key;           /* or NULL */
	const char *text;          /* "" if there is none */
	uint64_t hash;
	uint32_t length;
	bool several; /* labels: the task has them */
	bool repeats; /* the same as the cell of the row before; the others are not set */
};

struct text_ranks {
	/* By text: the task that has it first, later its rank, the text, its length, and
	 * what it depends on. If the texts are separate, `first` is afterwards by rank where
	 * its group begins. */
	uint32_t *first, *lengths;
	const char **texts;
	struct text_cell *known;
	uint32_t *slots; /* hash table of 1 + number of a text */
	uint32_t *ids;   /* by position: its text */
	struct sort_item *items, *spare;
	size_t cap_first, cap_lengths, cap_texts, cap_known, cap_slots, cap_ids;
	size_t cap_items, cap_spare, nr_slots;
	uint32_t rank; /* the next one; afterwards how many there are */
	bool separate; /* each task has a text of its own, or was taken to have one */
	struct arena arena; /* formatted texts */
};

void text_ranks_init(struct text_ranks *ranks);
void text_ranks_release(struct text_ranks *ranks);
/* Returns whether the column is sorted as text. */
bool text_ranks_has(enum column_id column);
/*
 * Sorts the tasks list[0 … count - 1] of the snapshot. If afterwards ranks->separate, the
 * keys of ranks->items are in order, each with a position in the list; equal texts begin at
 * ranks->first[0 … rank - 1], in the order of the list. Otherwise stores a key for each of
 * the tasks: a smaller one comes first, equal texts have equal ones, and they are all
 * numbers below ranks->rank. Returns 0 or ERR_NOMEM.
 */
int text_ranks_find(struct text_ranks *ranks, const struct snapshot *snapshot,
		    const uint32_t *list, size_t count, enum column_id column,
		    uint64_t *keys);

#endif
