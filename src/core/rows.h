/* SPDX-License-Identifier: MIT */
/* Which tasks a view shows and in which order: filter, class, idle tasks, sorting.
 * 100,000 tasks are filtered and sorted within one frame (16 ms). The order of a snapshot
 * is kept for its next filter, so a snapshot must not change between updates. */
#ifndef CORE_ROWS_H
#define CORE_ROWS_H

#include "core/column.h"
#include "core/query.h"
#include "core/snapshot.h"
#include "core/task_order.h"

struct sort_key {
	enum column_id column;
	bool descending;
};

struct rows_options {
	struct query *query; /* or NULL */
	int class;           /* enum task_class, or -1 for all classes */
	bool hide_idle;
	bool only_stuck;
	/* ties are ordered by descending age, then by kind and id */
	struct sort_key sort;
};

struct rows {
	uint32_t *index; /* into snapshot->tasks */
	size_t count;
	size_t capacity;
	bool *shown; /* by task: whether it has a row */
	size_t cap_shown;
	struct task_orders orders;
	uint64_t last_number; /* of the snapshot */
};

void rows_init(struct rows *rows);
void rows_release(struct rows *rows);
/* Parses "age", "age:desc" or "state:asc". */
int sort_key_parse(struct sort_key *key, const char *text, struct err *e);
int rows_update(struct rows *rows, const struct snapshot *snapshot,
		const struct rows_options *options, int64_t now_ns, struct err *e);
/* Moves what is marked to the front, stuck before long, and idle tasks to the end; otherwise
 * the order stays. Call it after rows_update(). */
void rows_put_marked_first(struct rows *rows, const struct snapshot *snapshot);
/* Returns the row in which this task is shown, or -1. */
ssize_t rows_find(const struct rows *rows, const struct snapshot *snapshot,
		  enum task_kind kind, uint64_t id, uint64_t serial);

#endif
