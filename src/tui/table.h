/* SPDX-License-Identifier: MIT */
/* Columns of a table: which of them fit, how wide they are, and where they begin. */
#ifndef TUI_TABLE_H
#define TUI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TABLE_COLUMNS_MAX 24

struct table_column {
	int id;
	const char *title;
	int min_width;
	int max_width; /* 0 if it takes all that is left */
	int priority;  /* 0 stays longest */
	bool right;
	bool pinned; /* does not scroll */
	/* Width that the content needs, see table_settle(); -1 if not seen yet. */
	int natural;
	int recent;   /* widest content in the current time window */
	int x, width; /* result; width 0 means hidden */
};

struct table {
	struct table_column columns[TABLE_COLUMNS_MAX];
	size_t count;
	size_t scroll;    /* columns scrolled out on the left, without pinned ones */
	size_t nr_hidden; /* result: columns that did not fit */
	int gap;          /* result: cells between columns */
	int sorted;       /* id of the sort column */
	bool descending;
	int64_t window_ns; /* start of the time window; 0 if not started */
};

void table_layout(struct table *table, int width);
void table_draw_titles(const struct table *table, int y, int width);
/* Returns the column at x, or NULL. */
const struct table_column *table_hit(const struct table *table, int x);
/*
 * Call it before each frame. A column becomes wider at once, but narrower only if all its
 * content of the last seconds was narrower by more than a few cells. This keeps columns
 * from jumping.
 */
void table_settle(struct table *table, int64_t now_ns);
/* Shows the columns further left or right, if there are any. */
void table_scroll(struct table *table, bool left);
/* Records the width that a cell needs. Returns true if the column could become wider for
 * it. */
bool table_measure(struct table_column *column, int cells);

#endif
