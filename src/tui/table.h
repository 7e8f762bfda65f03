/* SPDX-License-Identifier: MIT */
/* Columns of a list: which of them fit, how wide, and where they begin. */
#ifndef TUI_TABLE_H
#define TUI_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#define TABLE_COLUMNS_MAX 24

struct table_column {
	int id;
	const char *title;
	int min_width;
	int max_width; /* 0: takes what is left */
	int priority;  /* 0 stays longest */
	bool right;
	bool pinned;  /* not scrolled away */
	int natural;  /* cells of the widest content seen so far; -1: none seen yet */
	int x, width; /* result; width 0: not shown */
};

struct table {
	struct table_column columns[TABLE_COLUMNS_MAX];
	size_t count;
	size_t scroll;    /* columns left out at the left, pinned ones not counted */
	size_t nr_hidden; /* result: columns that found no room */
	int gap;          /* result: cells between columns */
	int sorted;       /* id of the sorted column */
	bool descending;
};

void table_layout(struct table *table, int width);
void table_draw_titles(const struct table *table, int y, int width);
/* The column at x, or NULL. */
const struct table_column *table_hit(const struct table *table, int x);
/* Remember what a cell wants; true when that is more than the column has and could get. */
bool table_measure(struct table_column *column, int cells);

#endif
