/* SPDX-License-Identifier: MIT */
/*
 * Rows are chained to their folds in the sort order, and a fold stands where its first
 * row was. By age, CPU and switches the folds are sorted again, by what they show: the
 * age of the oldest, and sums.
 */
#include "core/fold.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "core/column_news.h"
#include "core/fold_kinds.h"
#include "core/sort.h"

/* Rows of a fold that are compared to tell whether their cells differ. */
#define COMPARED_MAX 2000u

void folds_init(struct folds *folds)
{
	memset(folds, 0, sizeof(*folds));
}

void folds_release(struct folds *folds)
{
	free(folds->list);
	free(folds->lines);
	free(folds->tasks);
	free(folds->task_kinds);
	free(folds->kinds);
	free(folds->slots);
	free(folds->next);
	free(folds->scratch);
	folds_init(folds);
}

void folds_forget(struct folds *folds)
{
	folds->found = false;
	folds->count = folds->nr_lines = 0;
}

static bool is_open(const struct fold_opened *opened, uint64_t key)
{
	for (size_t i = 0; i < opened->count; i++)
		if (opened->keys[i] == key)
			return true;
	return false;
}

void fold_toggle(struct fold_opened *opened, uint64_t key)
{
	for (size_t i = 0; i < opened->count; i++) {
		if (opened->keys[i] != key)
			continue;
		opened->keys[i] = opened->keys[--opened->count];
		return;
	}
	if (opened->count == FOLD_OPEN_MAX) /* forget the one opened first */
		memmove(opened->keys, opened->keys + 1,
			--opened->count * sizeof(opened->keys[0]));
	opened->keys[opened->count++] = key;
}

static void add_row(struct folds *folds, struct fold *fold, uint32_t row)
{
	if (fold->count++ > 0)
		folds->next[fold->last] = row;
	fold->last = row;
	folds->next[row] = FOLD_NONE;
}

static void add_figures(struct folds *folds, struct fold *fold, uint32_t index)
{
	const struct fold_task *task = &folds->tasks[index];

	if (task->since_ns > 0 &&
	    (fold->since_ns == 0 || task->since_ns < fold->since_ns)) {
		fold->since_ns = task->since_ns;
		fold->oldest = index;
	}
	if (task->cpu_percent >= 0)
		fold->cpu_percent = task->cpu_percent +
				    (fold->cpu_percent > 0 ? fold->cpu_percent : 0);
	fold->switches += task->switches;
}

/* Chains the rows to their folds. A row that is like no other has a fold of its own. */
static void chain_rows(struct folds *folds, const struct rows *rows,
		       const struct fold_opened *opened)
{
	folds->count = 0;
	for (size_t i = 0; i < folds->nr_kinds; i++)
		folds->kinds[i].fold = FOLD_NONE;
	for (size_t row = 0; row < rows->count; row++) {
		uint32_t index = rows->index[row];
		uint32_t kind = folds->task_kinds[index];
		uint32_t *number = kind == FOLD_NONE ? NULL : &folds->kinds[kind].fold;
		struct fold *fold;

		if (!number || *number == FOLD_NONE) {
			fold = &folds->list[folds->count];
			*fold = (struct fold){.first = index,
					      .oldest = index,
					      .row = (uint32_t)row,
					      .cpu_percent = -1};
			if (number) {
				*number = (uint32_t)folds->count;
				fold->key = folds->kinds[kind].key;
			} else {
				add_figures(folds, fold, index);
			}
			folds->count++;
		} else {
			fold = &folds->list[*number];
		}
		add_row(folds, fold, (uint32_t)row);
	}
	for (size_t i = 0; i < folds->count; i++)
		folds->list[i].open = folds->list[i].count > 1 && opened->count > 0 &&
				      is_open(opened, folds->list[i].key);
}

/* Adds up the figures in the order of the tasks, which is that in memory. */
static void sum_figures(struct folds *folds, const struct snapshot *snapshot,
			const struct rows *rows)
{
	for (size_t i = 0; i < snapshot->nr_tasks; i++) {
		uint32_t kind = folds->task_kinds[i];

		if (rows->shown[i] && kind != FOLD_NONE)
			add_figures(folds, &folds->list[folds->kinds[kind].fold],
				    (uint32_t)i);
	}
}

static uint64_t sort_value(const struct fold *fold, enum column_id column)
{
	uint32_t bits = 0;

	switch (column) {
	case COLUMN_AGE: /* the oldest has the least start */
		return fold->since_ns > 0 ? ~(uint64_t)fold->since_ns : 0;
	case COLUMN_CPU:
		if (fold->cpu_percent >= 0) {
			float percent = fold->cpu_percent + 0.0f;

			memcpy(&bits, &percent, sizeof(bits));
			bits++;
		}
		return bits;
	default:
		return fold->switches;
	}
}

/* Sorts the folds by the figure that they show, if that is not the one of their first
 * row. Returns false if there is no memory. */
static bool sort_folds(struct folds *folds, size_t nr_rows, const struct sort_key *sort,
		       struct sort_item **items)
{
	enum column_id column = sort->column;
	struct sort_item *list;

	*items = NULL;
	if (folds->count == nr_rows ||
	    (column != COLUMN_AGE && column != COLUMN_CPU && column != COLUMN_SWITCHES) ||
	    (column == COLUMN_AGE && sort->descending))
		return true;
	if (!array_reserve_bytes(&folds->scratch, &folds->cap_scratch, 2 * folds->count,
				 SIZE_MAX, sizeof(*list)))
		return false;
	list = folds->scratch;
	for (size_t i = 0; i < folds->count; i++) {
		uint64_t value = sort_value(&folds->list[i], column);

		list[i] = (struct sort_item){.key = sort->descending ? ~value : value,
					     .index = (uint32_t)i};
	}
	sort_items(list, list + folds->count, folds->count);
	*items = list;
	return true;
}

static void add_lines(struct folds *folds, const struct rows *rows, uint32_t number)
{
	const struct fold *fold = &folds->list[number];
	bool many = fold->count > 1;

	folds->lines[folds->nr_lines++] =
		(struct fold_line){fold->first, many ? number : FOLD_NONE, many};
	for (uint32_t row = fold->row; fold->open && row != FOLD_NONE;
	     row = folds->next[row])
		folds->lines[folds->nr_lines++] =
			(struct fold_line){rows->index[row], number, false};
}

int folds_update(struct folds *folds, const struct snapshot *snapshot,
		 const struct rows *rows, const struct sort_key *sort,
		 const struct fold_opened *opened, bool changes, struct err *e)
{
	struct sort_item *items;

	folds->count = folds->nr_lines = 0;
	if (!folds->found && !fold_kinds_find(folds, snapshot, changes))
		return err_set(e, ERR_NOMEM, "no memory to fold %zu rows", rows->count);
	folds->found = true;
	if (!array_reserve(&folds->list, &folds->cap_list, rows->count) ||
	    !array_reserve(&folds->next, &folds->cap_next, rows->count) ||
	    !array_reserve(&folds->lines, &folds->cap_lines, 2 * rows->count))
		return err_set(e, ERR_NOMEM, "no memory to fold %zu rows", rows->count);
	chain_rows(folds, rows, opened);
	sum_figures(folds, snapshot, rows);
	if (!sort_folds(folds, rows->count, sort, &items))
		return err_set(e, ERR_NOMEM, "no memory to fold %zu rows", rows->count);
	for (size_t i = 0; i < folds->count; i++)
		add_lines(folds, rows, items ? items[i].index : (uint32_t)i);
	return 0;
}

ssize_t folds_find_task(const struct folds *folds, uint32_t task)
{
	uint32_t kind = folds->task_kinds[task];
	uint32_t number = kind == FOLD_NONE ? FOLD_NONE : folds->kinds[kind].fold;
	bool closed = number != FOLD_NONE && folds->list[number].count > 1 &&
		      !folds->list[number].open;

	for (size_t i = 0; i < folds->nr_lines; i++) {
		const struct fold_line *line = &folds->lines[i];

		if (closed ? line->fold == number && line->is_fold
			   : line->task == task && !line->is_fold)
			return (ssize_t)i;
	}
	return -1;
}

uint64_t folds_key_of(const struct folds *folds, uint32_t task)
{
	uint32_t kind = folds->task_kinds[task];

	return kind == FOLD_NONE ? 0 : folds->kinds[kind].key;
}

ssize_t folds_find_key(const struct folds *folds, uint64_t key)
{
	for (size_t i = 0; i < folds->nr_lines; i++) {
		const struct fold_line *line = &folds->lines[i];

		if (line->is_fold ? folds->list[line->fold].key == key
				  : line->fold == FOLD_NONE &&
					    folds_key_of(folds, line->task) == key)
			return (ssize_t)i;
	}
	return -1;
}

_Static_assert(COLUMN_COUNT <= 32, "each column is a bit");

static bool compare_rows(const struct folds *folds, const struct fold *fold,
			 const struct rows *rows, const struct snapshot *snapshot,
			 enum column_id column)
{
	const struct task *first = &snapshot->tasks[fold->first];
	uint32_t row = fold->row;

	for (uint32_t i = 0; i < COMPARED_MAX && row != FOLD_NONE; i++) {
		if (!column_same_cell(column, first, &snapshot->tasks[rows->index[row]]))
			return true;
		row = folds->next[row];
	}
	return false;
}

bool fold_differs(const struct folds *folds, const struct fold *fold,
		  const struct rows *rows, const struct snapshot *snapshot,
		  enum column_id column)
{
	struct fold *known = &folds->list[fold - folds->list];
	uint32_t bit = 1u << column;

	if (!(known->compared & bit)) {
		known->compared |= bit;
		if (compare_rows(folds, fold, rows, snapshot, column))
			known->differ |= bit;
	}
	return known->differ & bit;
}
