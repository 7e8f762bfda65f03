/* SPDX-License-Identifier: MIT */
/*
 * Column widths. Cells are given out in one order that does not depend on the width:
 * columns appear by priority, each with enough to recognise its texts; then all of them
 * grow until they are whole; then the late ones come; then texts beyond their maximum
 * grow. Where the cells end, all later steps are left out. So a wider table shows at least
 * what a narrower one does. The work is bounded by the width, so it can be done for every
 * frame.
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

	if (column->fixed > 0)
		return column->fixed;
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

	return cells < enough || column->fixed > 0 ? cells : enough;
}

/* Cells while they are given out. */
struct budget {
	struct table *table;
	int left;
	bool first; /* no column has appeared yet */
	bool ended; /* a step did not fit: nothing else may */
};

static void grow(struct budget *budget, struct table_column *column, int cells)
{
	int more = cells - column->width;

	if (budget->ended || more <= 0)
		return;
	budget->ended = more > budget->left;
	more = budget->ended ? budget->left : more;
	column->width += more;
	budget->left -= more;
}

static void appear(struct budget *budget, struct table_column *column)
{
	int gap = budget->first ? 0 : budget->table->gap;
	int cells = least_width(budget->table, column);

	if (budget->first && cells > budget->left)
		cells = budget->left;
	budget->ended = budget->ended || gap + cells > budget->left;
	if (budget->ended)
		return;
	budget->first = false;
	column->width = cells;
	budget->left -= gap + cells;
}

/* Columns without content come last, unless a width was asked for. */
static int rank_of(const struct table_column *column)
{
	bool late = column->natural == 0 && column->comfort == 0;

	return column->priority + (late ? TABLE_COLUMNS_MAX : 0);
}

/* Lists the columns that can be shown, the most important one first; late ones or the
 * others. */
static size_t rank_columns(struct table *table, bool late,
			   struct table_column *out[TABLE_COLUMNS_MAX])
{
	size_t skip = table->scroll, count = 0;

	for (size_t i = 0; i < table->count; i++) {
		struct table_column *column = &table->columns[i];
		size_t at = count;

		if (column->left_out)
			continue;
		if (!column->pinned && skip > 0) {
			skip--;
			continue;
		}
		if (column->late != late)
			continue;
		for (; at > 0 && rank_of(out[at - 1]) > rank_of(column); at--)
			out[at] = out[at - 1];
		out[at] = column;
		count++;
	}
	return count;
}

/* Gives one cell after the other to columns that want more, with `beyond` even above
 * their maximum. */
static void share(struct budget *budget, struct table_column *const *columns,
		  size_t count, bool beyond)
{
	bool grew = true;

	while (!budget->ended && grew) {
		grew = false;
		for (size_t i = 0; i < count && !budget->ended; i++) {
			bool whole = beyond && columns[i]->fixed == 0;
			int most = whole ? columns[i]->natural
					 : wanted_width(budget->table, columns[i]);

			if (columns[i]->width >= most)
				continue;
			grow(budget, columns[i], columns[i]->width + 1);
			grew = true;
		}
	}
}

static int comfort_of(const struct table *table, const struct table_column *column)
{
	int most = wanted_width(table, column);

	return column->comfort < most ? column->comfort : most;
}

/* Shows the columns in turn. Those of a row of columns with a comfortable width all appear
 * before they grow to it, one cell after the other. */
static void appear_all(struct budget *budget, struct table_column *const *columns,
		       size_t count)
{
	for (size_t i = 0, end; i < count; i = end) {
		bool grew = true;

		for (end = i; end == i || (end < count && columns[end]->comfort > 0 &&
					   columns[i]->comfort > 0);
		     end++)
			appear(budget, columns[end]);
		while (grew && !budget->ended) {
			grew = false;
			for (size_t k = i; k < end; k++) {
				if (columns[k]->width >=
				    comfort_of(budget->table, columns[k]))
					continue;
				grow(budget, columns[k], columns[k]->width + 1);
				grew = true;
			}
		}
	}
}

static void give_out(struct table *table, int width)
{
	struct budget budget = {table, width, true, false};
	struct table_column *early[TABLE_COLUMNS_MAX], *late[TABLE_COLUMNS_MAX];
	size_t nr_early = rank_columns(table, false, early);
	size_t nr_late = rank_columns(table, true, late);

	appear_all(&budget, early, nr_early);
	share(&budget, early, nr_early, false);
	for (size_t i = 0; i < nr_late; i++) {
		appear(&budget, late[i]);
		grow(&budget, late[i], wanted_width(table, late[i]));
	}
	share(&budget, early, nr_early, true);
	share(&budget, late, nr_late, true);
}

static void place_columns(struct table *table, int width)
{
	int x = 0, spare = width + table->gap;
	size_t shown = 0, whole = 0;

	for (size_t i = 0; i < table->count; i++) {
		const struct table_column *column = &table->columns[i];

		if (column->width == 0)
			continue;
		spare -= column->width + table->gap;
		shown++;
		whole += column->width >= column->natural || column->fixed > 0;
	}
	/* Only where nothing has to become narrower for it. */
	if (width >= WIDE_GAP_FROM && table->nr_hidden == 0 && whole == shown &&
	    spare >= (int)shown - 1)
		table->gap = 2;
	for (size_t i = 0; i < table->count; i++) {
		if (table->columns[i].width == 0)
			continue;
		table->columns[i].x = x;
		x += table->columns[i].width + table->gap;
	}
}

/* Pinned columns, and then the others from the one scrolled to, each with all of its
 * content. The last one is cut. */
static void scroll_out(struct table *table, int width)
{
	size_t skip = table->scroll;
	int left = width;

	for (int pinned = 1; pinned >= 0; pinned--) {
		for (size_t i = 0; i < table->count; i++) {
			struct table_column *column = &table->columns[i];
			int cells = column->fixed > 0 ? column->fixed
						      : title_cells(table, column);

			if (column->left_out || column->pinned != pinned ||
			    (!pinned && skip > 0 && skip--))
				continue;
			if (column->fixed == 0 && column->natural > cells)
				cells = column->natural;
			cells = cells < left ? cells : left;
			column->width = cells > 0 ? cells : 0;
			left -= cells + table->gap;
		}
	}
}

void table_layout(struct table *table, int width)
{
	size_t skip = table->scroll;

	table->gap = 1;
	table->nr_hidden = 0;
	for (size_t i = 0; i < table->count; i++)
		table->columns[i].width = 0;
	if (table->scroll > 0)
		scroll_out(table, width);
	else
		give_out(table, width);
	for (size_t i = 0; i < table->count; i++) {
		const struct table_column *column = &table->columns[i];

		if (!column->left_out && !column->pinned && skip > 0)
			skip--;
		else if (!column->left_out && column->width == 0)
			table->nr_hidden++;
	}
	place_columns(table, width);
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
	return cells > column->width && !column->left_out &&
	       (column->max_width == 0 || column->width < column->max_width);
}

/* Returns whether scrolling on would show more: a column is hidden or cut. */
static bool more_on_the_right(const struct table *table)
{
	size_t scrollable = 0;
	bool cut = table->nr_hidden > 0;

	for (size_t i = 0; i < table->count; i++) {
		const struct table_column *column = &table->columns[i];

		scrollable += !column->left_out && !column->pinned;
		cut |= column->width > 0 && column->fixed == 0 &&
		       column->width < column->natural;
	}
	return cut && table->scroll + 1 < scrollable;
}

void table_scroll(struct table *table, bool left)
{
	if (left)
		table->scroll -= table->scroll > 0;
	else if (more_on_the_right(table))
		table->scroll++;
}
