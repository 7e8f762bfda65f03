/* SPDX-License-Identifier: MIT */
/* Columns of a list: which of them fit, how wide, and where they begin. */
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
	int max_width; /* 0: takes what is left */
	int priority;  /* 0 stays longest */
	bool right;
	bool pinned; /* not scrolled away */
	int natural; /* cells that its content wants, see table_settle(); -1: none seen yet */
	int recent;   /* of the widest content in this window of time */
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
	int64_t window_ns; /* when the window of time began; 0: not yet */
};

void table_layout(struct table *table, int width);
void table_draw_titles(const struct table *table, int y, int width);
/* The column at x, or NULL. */
const struct table_column *table_hit(const struct table *table, int x);
/*
 * Before a frame: columns become wider at once, but narrower only when everything that they
 * had for some seconds was narrower by more than a few cells, so that they do not jump.
 */
void table_settle(struct table *table, int64_t now_ns);
/* Remember what a cell wants; true when that is more than the column has and could get. */
bool table_measure(struct table_column *column, int cells);

#endif
