/* SPDX-License-Identifier: MIT */
/*
 * Sizing: columns are dropped by priority until the minima fit; what is left goes cell by
 * cell to those whose content wants more, and in the end to the last one that has no
 * maximum. Bounded by the width, so it can run each frame.
 */
#include "tui/table.h"

#include <stdio.h>
#include <string.h>

#include "tui/draw.h"

#define LEGIBLE       12  /* cells of a text that one can still make sense of */
#define WIDE_GAP_FROM 140 /* cells of a terminal that can afford two between columns */

static int title_cells(const struct table *table, const struct table_column *column)
{
	return (int)strlen(column->title) +
	       (column->id == table->sorted && column->min_width > 1);
}

static int wanted(const struct table *table, const struct table_column *column)
{
	int title = title_cells(table, column);
	int cells = column->natural > title ? column->natural : title;

	if (column->max_width > 0 && cells > column->max_width)
		cells = column->max_width > title ? column->max_width : title;
	return cells;
}

/* What a column is not shown without: short content whole, long content recognisable. */
static int least(const struct table *table, const struct table_column *column)
{
	int cells = column->natural >= 0 ? wanted(table, column) : column->min_width;
	int enough = column->min_width > LEGIBLE ? column->min_width : LEGIBLE;

	return cells < enough ? cells : enough;
}

static int shown_width(const struct table *table)
{
	int cells = 0;
	int count = 0;

	for (size_t i = 0; i < table->count; i++) {
		cells += table->columns[i].width;
		count += table->columns[i].width > 0;
	}
	return cells + (count > 0 ? (count - 1) * table->gap : 0);
}

/* Columns without content go first. */
static int rank_of(const struct table_column *column)
{
	return column->priority + (column->natural == 0 ? TABLE_COLUMNS_MAX : 0);
}

/* The one to leave out next, or NULL when one is left. */
static struct table_column *least_important(struct table *table)
{
	struct table_column *least_one = NULL;
	size_t shown = 0;

	for (size_t i = 0; i < table->count; i++) {
		struct table_column *column = &table->columns[i];

		if (column->width == 0)
			continue;
		shown++;
		if (least_one == NULL || rank_of(column) >= rank_of(least_one))
			least_one = column;
	}
	return shown > 1 ? least_one : NULL;
}

static void place(struct table *table)
{
	int x = 0;

	for (size_t i = 0; i < table->count; i++) {
		if (table->columns[i].width == 0)
			continue;
		table->columns[i].x = x;
		x += table->columns[i].width + table->gap;
	}
}

static void grow(struct table *table, int spare)
{
	bool grew = true;

	while (spare > 0 && grew) {
		grew = false;
		for (size_t i = 0; i < table->count && spare > 0; i++) {
			struct table_column *column = &table->columns[i];

			if (column->width == 0 || column->width >= wanted(table, column))
				continue;
			column->width++;
			spare--;
			grew = true;
		}
	}
	for (size_t i = table->count; i-- > 0 && spare > 0;) {
		struct table_column *column = &table->columns[i];

		if (column->width > 0 &&
		    !column->right) { /* the last text takes the rest */
			column->width += spare;
			break;
		}
	}
}

void table_layout(struct table *table, int width)
{
	size_t skip = table->scroll;
	struct table_column *leave;

	table->gap = width >= WIDE_GAP_FROM ? 2 : 1;
	table->nr_hidden = 0;
	for (size_t i = 0; i < table->count; i++) {
		struct table_column *column = &table->columns[i];

		if (!column->pinned && skip > 0) {
			skip--;
			column->width = 0;
			continue;
		}
		column->width = least(table, column);
	}
	while (shown_width(table) > width && (leave = least_important(table)) != NULL) {
		leave->width = 0;
		table->nr_hidden++;
	}
	for (size_t i = 0; i < table->count; i++)
		if (table->columns[i].width > width)
			table->columns[i].width = width;
	grow(table, width - shown_width(table));
	place(table);
}

void table_draw_titles(const struct table *table, int y, int width)
{
	bool ascii = draw_ascii();
	const char *mark =
		table->descending ? (ascii ? "v" : "\u25bc") : (ascii ? "^" : "\u25b2");
	char title[64];

	draw_fill(y, 0, width, ROLE_TITLE, false);
	for (size_t i = 0; i < table->count; i++) {
		const struct table_column *column = &table->columns[i];
		int cells = column->width;

		if (cells == 0)
			continue;
		if (column->id != table->sorted) {
			draw_cell(y, column->x, cells,
				  column->right ? ALIGN_RIGHT : ALIGN_LEFT, ROLE_TITLE,
				  false, column->title);
			continue;
		}
		snprintf(title, sizeof(title), "%.*s%s", cells - 1, column->title, mark);
		draw_cell(y, column->x, cells, column->right ? ALIGN_RIGHT : ALIGN_LEFT,
			  ROLE_TITLE, true, title);
	}
}

const struct table_column *table_hit(const struct table *table, int x)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct table_column *column = &table->columns[i];

		if (column->width > 0 && x >= column->x &&
		    x < column->x + column->width + table->gap)
			return column;
	}
	return NULL;
}

bool table_measure(struct table_column *column, int cells)
{
	bool first = column->natural < 0;

	if (cells <= column->natural)
		return false;
	column->natural = cells;
	if (first)
		return true;
	return cells > column->width &&
	       (column->max_width == 0 || column->width < column->max_width);
}
