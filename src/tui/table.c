/* SPDX-License-Identifier: MIT */
/*
 * Column widths. Columns are dropped by priority until the minimum widths fit. The
 * remaining cells are distributed one by one to columns whose content needs more, first
 * up to their maximum, and the rest goes to the last text column. The work is bounded by
 * the width, so it can be done for every frame.
 */
#include "tui/table.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "tui/draw.h"

#define WINDOW_NS     (3 * CLOCK_SECOND_NS)
#define JITTER_CELLS  3
#define LEGIBLE       12  /* cells that keep a text recognisable */
#define WIDE_GAP_FROM 140 /* terminals at least this wide get two cells between columns */

static int title_cells(const struct table *table, const struct table_column *column)
{
	return (int)strlen(column->title) +
	       (column->id == table->sorted && column->min_width > 1);
}

static int wanted_width(const struct table *table, const struct table_column *column)
{
	int title = title_cells(table, column);
	int cells = column->natural > title ? column->natural : title;

	if (column->max_width > 0 && cells > column->max_width)
		cells = column->max_width > title ? column->max_width : title;
	return cells;
}

/* The minimum to show a column with: all of a short content, enough of a long one. */
static int least_width(const struct table *table, const struct table_column *column)
{
	int cells =
		column->natural >= 0 ? wanted_width(table, column) : column->min_width;
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

/* Columns without content are dropped first. */
static int rank_of(const struct table_column *column)
{
	return column->priority + (column->natural == 0 ? TABLE_COLUMNS_MAX : 0);
}

/* Returns the column to drop next, or NULL if only one remains. */
static struct table_column *least_important(struct table *table)
{
	struct table_column *least_one = NULL;
	size_t shown = 0;

	for (size_t i = 0; i < table->count; i++) {
		struct table_column *column = &table->columns[i];

		if (column->width == 0)
			continue;
		shown++;
		if (!least_one || rank_of(column) >= rank_of(least_one))
			least_one = column;
	}
	return shown > 1 ? least_one : NULL;
}

static void place_columns(struct table *table)
{
	int x = 0;

	for (size_t i = 0; i < table->count; i++) {
		if (table->columns[i].width == 0)
			continue;
		table->columns[i].x = x;
		x += table->columns[i].width + table->gap;
	}
}

/* Distributes cells to columns that want more, with `beyond` even above their maximum.
 * Returns the cells left. */
static int share_cells(struct table *table, int spare, bool beyond)
{
	bool grew = true;

	while (spare > 0 && grew) {
		grew = false;
		for (size_t i = 0; i < table->count && spare > 0; i++) {
			struct table_column *column = &table->columns[i];
			int most = beyond ? column->natural : wanted_width(table, column);

			if (column->width == 0 || column->width >= most)
				continue;
			column->width++;
			spare--;
			grew = true;
		}
	}
	return spare;
}

static void grow_columns(struct table *table, int spare)
{
	struct table_column *last = NULL;

	spare = share_cells(table, spare, false);
	spare = share_cells(table, spare, true);
	/* The last text column with content gets the rest, or the last column. */
	for (size_t i = 0; i < table->count; i++) {
		struct table_column *column = &table->columns[i];

		if (column->width > 0 && !column->right &&
		    (!last || column->natural > 0 || last->natural <= 0))
			last = column;
	}
	if (last && spare > 0)
		last->width += spare;
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
		column->width = least_width(table, column);
	}
	while (shown_width(table) > width && (leave = least_important(table))) {
		leave->width = 0;
		table->nr_hidden++;
	}
	for (size_t i = 0; i < table->count; i++)
		if (table->columns[i].width > width)
			table->columns[i].width = width;
	grow_columns(table, width - shown_width(table));
	place_columns(table);
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

void table_settle(struct table *table, int64_t now_ns)
{
	bool first = table->window_ns == 0;

	if (!first && now_ns - table->window_ns < WINDOW_NS)
		return;
	table->window_ns = now_ns;
	for (size_t i = 0; i < table->count; i++) {
		struct table_column *column = &table->columns[i];

		if (!first && (column->natural - column->recent > JITTER_CELLS ||
			       (column->recent == 0 && column->natural > 0)))
			column->natural = column->recent;
		column->recent = 0;
	}
}

bool table_measure(struct table_column *column, int cells)
{
	bool first = column->natural < 0;

	if (cells > column->recent)
		column->recent = cells;
	if (cells <= column->natural)
		return false;
	column->natural = cells;
	if (first)
		return true;
	return cells > column->width &&
	       (column->max_width == 0 || column->width < column->max_width);
}

void table_scroll(struct table *table, bool left)
{
	if (left)
		table->scroll -= table->scroll > 0;
	else if (table->nr_hidden > 0 || table->scroll + 3 < table->count)
		table->scroll++;
}
