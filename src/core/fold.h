/* SPDX-License-Identifier: MIT */
/*
 * Rows that are alike become one row with a count. Two tasks are alike if they are in the
 * same state, with the same mark, at the same place, and wait for the same object or have
 * the same creator; so are all tasks that are linked in this way. Which tasks are alike
 * is found once per snapshot; folding the rows of a filter and sort order is one pass.
 */
#ifndef CORE_FOLD_H
#define CORE_FOLD_H

#include "core/rows.h"

#define FOLD_NONE     UINT32_MAX
#define FOLD_OPEN_MAX 64

/* A row that stands for several tasks. */
struct fold {
	uint64_t key;      /* the same for these tasks in the next snapshot */
	uint32_t count;    /* rows in it */
	uint32_t first;    /* index of the first in snapshot->tasks, in the sort order */
	uint32_t row;      /* … and in rows->index */
	uint32_t last;     /* its last row */
	int64_t since_ns;  /* of the oldest; 0 if unknown */
	uint32_t oldest;   /* its index in snapshot->tasks; `first` if unknown */
	float cpu_percent; /* sum; < 0 if unknown */
	uint64_t switches; /* sum */
	bool open;         /* its rows follow it */
	/* Columns that were compared, and those of them that differ; a bit each. */
	uint32_t compared, differ;
};

/* A line of the table: a fold, a row in an open fold, or a row of its own. */
struct fold_line {
	uint32_t task; /* index in snapshot->tasks; of a fold, of its first */
	uint32_t fold; /* index in folds->list, or FOLD_NONE */
	bool is_fold;
};

/* The folds that the user has opened, by key. */
struct fold_opened {
	uint64_t keys[FOLD_OPEN_MAX];
	size_t count;
};

struct fold_task;
struct fold_kind;

struct folds {
	struct fold *list;
	size_t count;
	struct fold_line *lines;
	size_t nr_lines;
	/* Of the snapshot. */
	bool found;
	struct fold_task *tasks;
	/* By task: index in kinds, or FOLD_NONE: like no other. Apart from `tasks`, because
	 * it is read in the order of the rows. */
	uint32_t *task_kinds;
	struct fold_kind *kinds;
	size_t nr_kinds;
	void *slots; /* hash table of fold_kinds.c */
	size_t nr_slots, nr_keys;
	size_t cap_list, cap_lines, cap_tasks, cap_task_kinds, cap_kinds, cap_next;
	uint32_t *next; /* by row: the next row of the same fold, or FOLD_NONE */
	void *scratch;  /* to sort the lines */
	size_t cap_scratch;
};

void folds_init(struct folds *folds);
void folds_release(struct folds *folds);
/* There is another snapshot: find again which tasks are alike. `changes`: whether a task
 * is new, gone or has moved tells tasks apart. */
void folds_forget(struct folds *folds);
/* Folds the rows. They must belong to this snapshot. Returns 0 or ERR_NOMEM. */
int folds_update(struct folds *folds, const struct snapshot *snapshot,
		 const struct rows *rows, const struct sort_key *sort,
		 const struct fold_opened *opened, bool changes, struct err *e);
/* Opens a fold, or closes it. */
void fold_toggle(struct fold_opened *opened, uint64_t key);
/* Returns the line of a task, or of the closed fold that it is in; -1 if there is none. */
ssize_t folds_find_task(const struct folds *folds, uint32_t task);
/* Returns the line of a fold, or of the one task that is left of it; -1 if there is
 * none. */
ssize_t folds_find_key(const struct folds *folds, uint64_t key);
/* Returns the key of the tasks that are alike to this one, or 0. */
uint64_t folds_key_of(const struct folds *folds, uint32_t task);
/* Returns whether a cell differs among the tasks of a fold. Of a very large fold some
 * are compared. The answer is kept until the rows are folded again. */
bool fold_differs(const struct folds *folds, const struct fold *fold,
		  const struct rows *rows, const struct snapshot *snapshot,
		  enum column_id column);

#endif
