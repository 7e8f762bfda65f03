/* SPDX-License-Identifier: MIT */
/* Draws the groups as a table. */
#include <stdio.h>
#include <string.h>

#include "tui/groups.h"

static enum role row_role(const struct group_row *row)
{
	if (row->acknowledged || row->change == CHANGE_GONE)
		return ROLE_DIM;
	if (row->group->verdict >= VERDICT_LEAK)
		return ROLE_STUCK;
	return row->group->verdict == VERDICT_RECHECK ? ROLE_WARN : ROLE_NORMAL;
}

/* Returns true if a column should become wider. */
static bool draw_row(struct tui *t, struct groups_view *v, const struct group_row *row,
		     int y, bool here)
{
	char text[COLUMN_TEXT_MAX];
	enum role role = row_role(row);
	bool grew = false;

	if (here || role != ROLE_NORMAL)
		draw_fill(y, 0, t->width, role, here);
	for (size_t i = 0; i < v->table.count; i++) {
		struct table_column *column = &v->table.columns[i];
		enum group_column id = (enum group_column)column->id;
		enum role cell_role = role;
		const char *cell = group_cell(
			t, row, id, column->width > 0 ? column->width : 12, text);

		if (role == ROLE_NORMAL && id == GROUP_COLUMN_STATE &&
		    !row->group->mixed_states && !here)
			cell_role = (enum role)(ROLE_CLASS_CHANNEL +
						state_info(row->group->state)->class);
		/* The trend gets the width that the other columns leave. */
		grew |= table_measure(
			column, id == GROUP_COLUMN_TREND && *cell != '\0'
					? (t->width >= 140 ? 16 : 10)
					: text_cells(cell, TEXT_CELLS_MAX, t->ascii));
		if (column->width == 0)
			continue;
		draw_cell(y, column->x, column->width,
			  column->right                 ? ALIGN_RIGHT
			  : id == GROUP_COLUMN_LOCATION ? ALIGN_END
							: ALIGN_LEFT,
			  cell_role, here, cell);
		if (id == GROUP_COLUMN_OLDEST && row->group->since_ns > 0)
			tui_shows_age(t, t->now_ns - row->group->since_ns);
	}
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
	size_t room = rows > 0 ? (size_t)rows : 1;

	if (v->count == 0) {
		draw_nothing(t, v, body);
		return;
	}
	if (v->at < v->top)
		v->top = v->at;
	if (v->at >= v->top + room)
		v->top = v->at - room + 1;
	if (v->top + room > v->count)
		v->top = v->count > room ? v->count - room : 0;
	/* The column that names the group shrinks last. */
	v->table.columns[1].min_width = body.width >= 100  ? 32
					: body.width >= 60 ? 22
							   : 10;
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
	if (titles)
		table_draw_titles(&v->table, body.y, body.width);
}
