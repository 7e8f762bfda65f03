/* SPDX-License-Identifier: MIT */
/* Draws the groups as a table. */
#include <stdio.h>
#include <string.h>

#include "tui/groups.h"
#include "tui/scroll.h"

/* As in the table of tasks: what is wrong is said by the mark, the verdict and the count
 * that grows, or by the state and age of what is stuck. */
static enum role cell_role(const struct group_row *row, enum group_column id, bool here)
{
	const struct group *group = row->group;
	bool judged = id == GROUP_COLUMN_MARK || id == GROUP_COLUMN_VERDICT ||
		      id == GROUP_COLUMN_COUNT;
	bool stuck = group->stuck > 0 &&
		     (id == GROUP_COLUMN_STATE || id == GROUP_COLUMN_OLDEST ||
		      (id == GROUP_COLUMN_MARK && group->verdict == VERDICT_NONE));

	if (row->acknowledged || row->change == CHANGE_GONE)
		return here ? ROLE_NORMAL : ROLE_DIM;
	if (stuck || (judged && group->verdict >= VERDICT_LEAK))
		return ROLE_STUCK;
	if (judged && group->verdict == VERDICT_RECHECK)
		return ROLE_WARN;
	if (id != GROUP_COLUMN_STATE || here || group->mixed_states)
		return ROLE_NORMAL;
	return (enum role)(ROLE_CLASS_CHANNEL + state_info(group->state)->class);
}

/* Returns true if a column should become wider. */
static bool draw_row(struct tui *t, struct groups_view *v, const struct group_row *row,
		     int y, bool here)
{
	char text[COLUMN_TEXT_MAX];
	bool grew = false;

	if (here)
		draw_fill(y, 0, t->body.width, ROLE_NORMAL, true);
	for (size_t i = 0; i < v->table.count; i++) {
		struct table_column *column = &v->table.columns[i];
		enum group_column id = (enum group_column)column->id;
		const char *cell = group_cell(
			t, row, id, column->width > 0 ? column->width : 12, text);

		/* The trend gets the width that the other columns leave. */
		grew |= table_measure(
			column, id == GROUP_COLUMN_TREND && *cell != '\0'
					? (t->body.width >= 140 ? 16 : 10)
					: text_cells(cell, TEXT_CELLS_MAX, t->ascii));
		if (column->width == 0)
			continue;
		search_mark(t, groups_searched(id));
		draw_cell(y, column->x, column->width,
			  /* The ends of functions differ, not their packages. */
			  column->right ? ALIGN_RIGHT
			  : id == GROUP_COLUMN_LOCATION || id == GROUP_COLUMN_FUNCTION
				  ? ALIGN_END
				  : ALIGN_LEFT,
			  cell_role(row, id, here), here, cell);
		if (id == GROUP_COLUMN_OLDEST && row->group->since_ns > 0)
			tui_shows_age(t, t->now_ns - row->group->since_ns);
	}
	search_mark(t, true);
	return grew;
}

static void draw_nothing(struct tui *t, const struct groups_view *v, struct area body)
{
	char text[160];

	if (!t->snapshot)
		snprintf(text, sizeof(text), "There is no snapshot yet.");
	else if (!t->snapshot->groups)
		snprintf(text, sizeof(text), "Out of memory: groups cannot be shown.");
	else if (v->all == 0)
		snprintf(text, sizeof(text),
			 v->by == GROUP_LABEL ? "No task has a label. Press b to group "
						"by something else."
					      : "The target has no tasks.");
	else if (t->changes_only)
		snprintf(text, sizeof(text),
			 "No group has changed since the mark. Press d to show all "
			 "groups.");
	else
		snprintf(text, sizeof(text),
			 "None of the %zu groups passes the filters. Press Esc to show "
			 "all groups.",
			 v->all);
	draw_text(body.y + (body.height > 2 ? 1 : 0), 1, body.width - 1, ROLE_NORMAL,
		  false, text);
}

void groups_draw(struct tui *t, void *ctx, struct area body)
{
	struct groups_view *v = ctx;
	bool titles = body.height >= 2;
	int rows = body.height - titles;

	if (v->count == 0) {
		draw_nothing(t, v, body);
		return;
	}
	v->top = scroll_top(v->top, v->at, rows, v->count);
	table_settle(&v->table, t->clock_ns);
	for (int pass = 0; pass < 2; pass++) {
		bool grew = false;

		table_layout(&v->table, body.width);
		for (int i = 0; i < rows; i++) {
			if (pass > 0)
				draw_fill(body.y + titles + i, 0, body.width, ROLE_NORMAL,
					  false);
			if (v->top + (size_t)i < v->count)
				grew |= draw_row(t, v, &v->rows[v->top + (size_t)i],
						 body.y + titles + i,
						 v->top + (size_t)i == v->at);
		}
		if (!grew)
			break;
	}
	search_mark(t, false);
	if (titles)
		table_draw_titles(&v->table, body.y, body.width);
}
