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
	const char *help;   /* a line about it, for sorting */
	bool largest_first; /* what is sought when the table is sorted by it */
	int min_width;
	int max_width; /* enough of a long text; 0 if there is no such limit */
	/* cells of a long text that come before the columns of lower priority; 0 for a
	 * few */
	int comfort;
	int priority; /* 0 comes first */
	int fixed;    /* width that the user has set; 0 if there is none */
	bool late;    /* comes only when the others are whole */
	bool left_out;
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
	/* Columns scrolled out on the left, without pinned ones. If there are any, the
	 * others follow in their order, each whole. */
	size_t scroll;
	size_t nr_hidden; /* result: columns that did not fit, but are not left out */
	int gap;          /* result: cells between columns */
	int sorted;       /* id of the sort column */
	bool descending;
	int64_t window_ns; /* start of the time window; 0 if not started */
	/* What table_sort_by() calls when the rows need their new order, with its
	 * argument. NULL in a table that table_sort.h does not sort. */
	void (*resort)(void *view);
	void *view;
};

/* A wider table never shows less: with the same content, what is whole at one width is
 * whole at every larger one, and no column leaves. */
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
