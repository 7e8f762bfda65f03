/* SPDX-License-Identifier: MIT */
/* State of the task view, shared by view_tasks.c (keys), tasks_rows.c (rows and cursor),
 * tasks_columns.c (columns and sorting) and tasks_draw.c. */
#ifndef TUI_TASKS_H
#define TUI_TASKS_H

#include "core/mark.h"
#include "tui/state.h"
#include "tui/table.h"

#define TASKS_LINES_MAX 512 /* maximum number of rows on a screen */

struct tasks {
	struct rows rows;
	struct query *query; /* the last valid one */
	bool stale;          /* rows do not match snapshot, filter and sort order */
	/* Shown instead of t->snapshot while only changes are wanted: the differences
	 * from a mark. */
	struct mark_changes changes;
	unsigned changes_mark;
	bool changes_shown; /* rows are changes and have their column */

	struct identity cursor; /* if not set, the cursor stays at its row */
	bool follow_row;        /* the task is gone: pin the one that is in its row now */
	size_t at, top;
	bool expanded;

	struct table table;
	int line_y[TASKS_LINES_MAX]; /* line of row top + i, for the mouse */
	int nr_lines;
};

#define TASKS_CHANGE_COLUMN COLUMN_COUNT /* "new", "gone", "was mutex" */

/* Moves the cursor to a task when the view is shown next. */
void tasks_go_to(struct tui *t, const struct identity *identity);
void tasks_refresh(struct tui *t, struct tasks *v);
/* Keeps the cursor on the task that is under it now. */
void tasks_pin(struct tui *t, struct tasks *v);
void tasks_drop_changes(struct tasks *v);
/* Describes how a task of v->changes has changed since the mark. */
const char *tasks_change(const struct tasks *v, const struct task *task,
			 char out[COLUMN_TEXT_MAX]);
const struct task *tasks_at(const struct tui *t, const struct tasks *v, size_t row);

void tasks_set_columns(struct tui *t, struct tasks *v);
void tasks_forget_widths(struct tasks *v);
void tasks_sort_by(struct tui *t, struct tasks *v, enum column_id column);
bool tasks_columns_act(struct tui *t, struct tasks *v, enum action action);

void tasks_draw(struct tui *t, void *ctx, struct area body);

#endif
