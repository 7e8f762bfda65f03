/* SPDX-License-Identifier: MIT */
/* What each column of the task table says over the rows shown: one that is the same in
 * every row, or repeats another, takes width from those that differ. */
#ifndef CORE_COLUMN_NEWS_H
#define CORE_COLUMN_NEWS_H

#include "core/column.h"

enum column_news {
	COLUMN_VARIES,
	/* NAME: equals FUNCTION, or PROCESS, in at least half of the rows */
	COLUMN_MOSTLY_REPEATS,
	COLUMN_REPEATS,         /* NAME: equals FUNCTION in every row */
	COLUMN_REPEATS_PROCESS, /* NAME: equals PROCESS in every row, but not FUNCTION */
	COLUMN_SAME,            /* the same text in every row */
	COLUMN_EMPTY,           /* no text in any row, or only "-" */
};

/* Indices in snapshot->tasks, `stride` bytes from one to the next. */
struct column_rows {
	const uint32_t *first;
	size_t stride;
	size_t count;
};

/* Judges every column over the tasks of these rows. Returns at the first rows that
 * differ, so that the rows of a large table are rarely all read. */
void column_news(const struct snapshot *snapshot, const struct column_rows *rows,
		 enum column_news out[COLUMN_COUNT]);
/* Returns whether both tasks have the same text in this column: WAITS and those after it
 * that are texts, and CPU and SWITCHES. */
bool column_same_cell(enum column_id id, const struct task *a, const struct task *b);

#endif
