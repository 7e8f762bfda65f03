/* SPDX-License-Identifier: MIT */
/* State of the task view, shared by view_tasks.c (keys), tasks_rows.c (rows and cursor),
 * tasks_columns.c (columns and sorting) and tasks_draw.c. */
#ifndef TUI_TASKS_H
#define TUI_TASKS_H

#include "core/column_news.h"
#include "core/fold.h"
#include "core/mark.h"
#include "tui/state.h"
#include "tui/table.h"

#define TASKS_LINES_MAX 512 /* maximum number of rows on a screen */

#define TASKS_MEMO_SIZE 4096

/* What a search knows of the places of a stack. */
struct place_memo {
	const void *stack;
	enum column_id column;
	bool answer;
};

struct tasks {
	struct rows rows;
	struct query *query; /* the last valid one */
	bool stale;          /* rows do not match snapshot, filter and sort order */
	/* Rows that are alike are one line; the lines of the table are then folds.lines,
	 * otherwise rows. */
	bool folding;
	struct folds folds;
	struct fold_opened opened;
	/* Shown instead of t->snapshot while only changes are wanted: the differences
	 * from a mark. */
	struct mark_changes changes;
	unsigned changes_mark;
	bool changes_shown; /* rows are changes and have their column */

	struct identity cursor; /* if not set, the cursor stays at its row, or */
	uint64_t cursor_fold;   /* … on the fold with this key, if not 0 */
	bool follow_row;        /* the task is gone: pin the one that is in its row now */
	bool moved; /* by the user; until then it is on the row that is marked worst */
	size_t at, top;
	bool expanded;

	uint64_t refreshes; /* how often the rows were selected */
	struct place_memo place_memo[TASKS_MEMO_SIZE];
	int searched[TABLE_COLUMNS_MAX]; /* columns that a search looks at */
	size_t nr_searched;
	bool *found; /* by task: whether it has what is searched for */
	size_t nr_found, cap_found;

	struct table table;
	/* What the columns say over the rows, and which of them are left out for it. */
	bool judged;
	enum column_news news[COLUMN_COUNT];
	bool left_out[COLUMN_COUNT];
	bool late[COLUMN_COUNT];
	int64_t silent_ns
		[COLUMN_COUNT];      /* since when a column that is shown says nothing */
	int line_y[TASKS_LINES_MAX]; /* line of row top + i, for the mouse */
	int nr_lines;
	int end_y; /* the first line below the rows */
};

#define TASKS_CHANGE_COLUMN COLUMN_COUNT /* "new", "gone", "was mutex" */

/* Moves the cursor to a task when the view is shown next. */
void tasks_go_to(struct tui *t, const struct identity *identity);
void tasks_refresh(struct tui *t, struct tasks *v);
/* Keeps the cursor on the task that is under it now. */
void tasks_pin(struct tui *t, struct tasks *v);
/* Returns the snapshot of the rows, or NULL. */
static inline struct snapshot *tasks_snapshot(const struct tui *t, const struct tasks *v)
{
	return t->changes_only && v->changes.snapshot ? v->changes.snapshot : t->snapshot;
}
void tasks_drop_changes(struct tasks *v);
/* Describes how a task of v->changes has changed since the mark. */
const char *tasks_change(const struct tasks *v, const struct task *task,
			 char out[COLUMN_TEXT_MAX]);
/* The lines of the table, and the task of one: of a fold, the first. */
size_t tasks_count(const struct tasks *v);
const struct task *tasks_at(const struct tui *t, const struct tasks *v, size_t row);
/* The fold that this line is; NULL if it is a task. */
const struct fold *tasks_fold_at(const struct tasks *v, size_t row);
/* Whether this line is a task in an open fold. */
bool tasks_in_fold(const struct tasks *v, size_t row);
/* Opens or closes the fold of this line. Returns false if it is none. */
bool tasks_toggle_fold(struct tui *t, struct tasks *v, size_t row);
/* Writes a cell of a fold. */
const char *tasks_fold_cell(const struct tui *t, const struct tasks *v,
			    const struct fold *fold, enum column_id id,
			    char out[COLUMN_TEXT_MAX]);
/* Writes what the tasks of a fold have in common and what not. */
void tasks_fold_text(const struct tui *t, const struct tasks *v, const struct fold *fold,
		     char *out, size_t size);
/* Folding begins or ends with the number of rows and the height of the screen. */
void tasks_check_folding(struct tui *t, struct tasks *v, int lines);

void tasks_set_columns(struct tui *t, struct tasks *v);
void tasks_forget_widths(struct tasks *v);
void tasks_sort_by(struct tui *t, struct tasks *v, enum column_id column);
/* Leaves out the columns that say nothing about these rows. */
void tasks_judge_columns(struct tui *t, struct tasks *v, const struct snapshot *snapshot);
/* Writes what left-out columns say of every row: ", all with SWITCHES 0, NAME = FUNCTION", or
 * less, in at most `size` bytes; "" if nothing is missed. */
void tasks_left_out_text(const struct tui *t, const struct tasks *v, char *out,
			 size_t size);
bool tasks_columns_act(struct tui *t, struct tasks *v, enum action action);

/* Returns whether a search looks at the column: a text. */
bool tasks_searched(int column);
extern const struct search_ops tasks_search;

void tasks_draw(struct tui *t, void *ctx, struct area body);
size_t tasks_lines(struct tui *t, void *ctx);

#endif
