/* SPDX-License-Identifier: MIT */
/* Draws the task table. Each visible cell is formatted once. If content turns out to be
 * wider than its column, the frame is laid out once more. */
#include <stdio.h>
#include <string.h>

#include "tui/scroll.h"
#include "tui/tasks.h"

#define EXPAND_LINES_MAX 24

/* What is wrong with a task is said by its mark, its state and its age alone. */
static enum role cell_role(const struct task *task, int column, bool here)
{
	bool tells =
		column == COLUMN_MARK || column == COLUMN_STATE || column == COLUMN_AGE;

	if ((task->flags & TASK_GONE) && !here)
		return ROLE_DIM;
	if (tells && (task->flags & (TASK_DEADLOCK | TASK_STUCK | TASK_UNREACHABLE)))
		return ROLE_STUCK;
	if (tells && (task->flags & TASK_LONG))
		return ROLE_WARN;
	if (here) /* one background, which all of it can be read on */
		return ROLE_NORMAL;
	if (column == COLUMN_STATE)
		return (enum role)(ROLE_CLASS_CHANNEL + state_info(task->state)->class);
	return column == COLUMN_AGE && (task->flags & TASK_IDLE) ? ROLE_DIM : ROLE_NORMAL;
}

/* In places, the line number is most important, and it is at the end; functions differ at
 * their ends, not in their packages. */
static enum align cell_align(const struct table_column *column)
{
	if (column->right)
		return ALIGN_RIGHT;
	return column->id == COLUMN_LOCATION || column->id == COLUMN_FUNCTION
		       ? ALIGN_END
		       : ALIGN_LEFT;
}

static const char *cell_text(const struct tui *t, const struct tasks *v, size_t row,
			     int id, char out[COLUMN_TEXT_MAX])
{
	const struct task *task = tasks_at(t, v, row);
	const struct fold *fold = tasks_fold_at(v, row);

	if (id == TASKS_CHANGE_COLUMN)
		return tasks_change(v, task, out);
	if (fold)
		return tasks_fold_cell(t, v, fold, (enum column_id)id, out);
	if (id != COLUMN_ID || !tasks_in_fold(v, row))
		return column_format((enum column_id)id, task, t->now_ns, out);
	out[0] = ' ';
	task_format_short_id(task, out + 1);
	return out;
}

/* Returns true if a column should become wider. */
static bool draw_row(struct tui *t, struct tasks *v, size_t row, int y)
{
	const struct task *task = tasks_at(t, v, row);
	bool here = row == v->at, grew = false;
	char text[COLUMN_TEXT_MAX];

	if (here)
		draw_fill(y, 0, t->body.width, ROLE_NORMAL, true);
	for (size_t i = 0; i < v->table.count; i++) {
		struct table_column *column = &v->table.columns[i];
		const char *cell = cell_text(t, v, row, column->id, text);

		grew |= table_measure(column, text_cells(cell, TEXT_CELLS_MAX, t->ascii));
		if (column->width == 0)
			continue;
		search_mark(t, tasks_searched(column->id));
		draw_cell(y, column->x, column->width, cell_align(column),
			  cell_role(task, column->id, here), here, cell);
		if (column->id == COLUMN_AGE)
			tui_shows_age(t, task_age_ns(task, t->now_ns));
	}
	search_mark(t, true);
	return grew;
}

static bool cell_is_whole(const struct tasks *v, int id, const char *cell, bool ascii)
{
	for (size_t i = 0; i < v->table.count; i++)
		if (v->table.columns[i].id == id)
			return v->table.columns[i].width >=
			       text_cells(cell, TEXT_CELLS_MAX, ascii);
	return false;
}

/* Draws every text of the row that is cut or hidden, in full. With y < 0, only counts
 * lines. */
static int draw_expanded(struct tui *t, struct tasks *v, const struct task *task, int y,
			 int lines_max)
{
	int indent = t->body.width >= 40 ? 14 : 2;
	int width = t->body.width - indent - 1;
	int lines = 0;

	for (int id = 0; id < COLUMN_COUNT; id++) {
		char buffer[COLUMN_TEXT_MAX], line[COLUMN_TEXT_MAX + 1];
		const char *cell =
			column_format((enum column_id)id, task, t->now_ns, buffer);
		bool first = true;
		size_t skip;

		if (cell[0] == '\0' || strcmp(cell, "-") == 0 || id == COLUMN_MARK ||
		    cell_is_whole(v, id, cell, t->ascii))
			continue;
		while (*cell != '\0' && lines < lines_max) {
			size_t used =
				text_wrap(cell, width > 8 ? width : 8, t->ascii, &skip);

			snprintf(line, sizeof(line), "%.*s", (int)used, cell);
			if (y >= 0 && first && indent > 2)
				draw_text(y + lines, 2, indent - 3, ROLE_DIM, false,
					  column_info((enum column_id)id)->title);
			if (y >= 0)
				draw_text(y + lines, indent, t->body.width - indent,
					  ROLE_NORMAL, false, line);
			cell += used + skip;
			first = false;
			lines++;
		}
	}
	return lines;
}

/* Returns the number of lines below the row that the cursor is on. */
static int expanded_lines(struct tui *t, struct tasks *v)
{
	const struct task *task = tasks_at(t, v, v->at);

	return v->expanded && task && !tasks_fold_at(v, v->at)
		       ? draw_expanded(t, v, task, -1, EXPAND_LINES_MAX)
		       : 0;
}

size_t tasks_lines(struct tui *t, void *ctx)
{
	struct tasks *v = ctx;

	tasks_refresh(t, v);
	tasks_check_folding(t, v, t->body_most - 1);
	return v->rows.count == 0 ? 0 : 1 + tasks_count(v) + (size_t)expanded_lines(t, v);
}

static void keep_visible(struct tui *t, struct tasks *v, int rows)
{
	int extra = expanded_lines(t, v);

	if (extra > 0)
		extra = extra < rows - 1 ? extra : rows - 1;
	v->top = scroll_top(v->top, v->at, rows - extra, tasks_count(v));
}

static void draw_nothing(struct tui *t, const struct tasks *v, struct area body)
{
	const char *title = t->options->title ? t->options->title : "the target";
	char text[512];

	if (v->changes.snapshot && v->changes.snapshot->nr_tasks == 0)
		snprintf(
			text, sizeof(text),
			"No task has changed since the mark. Press d to show all tasks.");
	else if (t->snapshot && t->snapshot->nr_tasks > 0)
		snprintf(text, sizeof(text),
			 "None of the %zu tasks passes the filters. Press Esc to show "
			 "all tasks.",
			 t->snapshot->nr_tasks);
	else if (t->snapshot)
		snprintf(text, sizeof(text), "The target has no tasks.");
	else if (t->state.status == FEED_CONNECTING)
		snprintf(text, sizeof(text), "Connecting to %s ...", title);
	else
		snprintf(text, sizeof(text), "No snapshot of %s: %s", title,
			 t->state.message);
	draw_text(body.y + (body.height > 2 ? 1 : 0), 1, body.width - 1, ROLE_NORMAL,
		  false, text);
}

static bool draw_rows(struct tui *t, struct tasks *v, struct area body)
{
	int y = body.y, end = body.y + body.height;
	bool grew = false;

	v->nr_lines = 0;
	for (size_t row = v->top; y < end && row < tasks_count(v); row++) {
		const struct task *task = tasks_at(t, v, row);

		if (!task)
			break;
		if (v->nr_lines < TASKS_LINES_MAX)
			v->line_y[v->nr_lines++] = y;
		grew |= draw_row(t, v, row, y);
		y++;
		if (v->expanded && row == v->at && !tasks_fold_at(v, row))
			y += draw_expanded(t, v, task, y, end - y);
	}
	v->end_y = y;
	return grew;
}

void tasks_draw(struct tui *t, void *ctx, struct area body)
{
	struct tasks *v = ctx;
	struct area list = body;
	bool titles = body.height >= 2;

	tasks_refresh(t, v);
	if (titles) {
		list.y++;
		list.height--;
	}
	tasks_check_folding(t, v, t->body_most - titles);
	if (v->rows.count == 0) {
		draw_nothing(t, v, body);
		v->nr_lines = 0;
		return;
	}
	table_settle(&v->table, t->clock_ns);
	for (int pass = 0; pass < 2; pass++) {
		table_layout(&v->table, body.width);
		keep_visible(t, v, list.height);
		for (int y = 0; pass > 0 && y < list.height; y++)
			draw_fill(list.y + y, 0, body.width, ROLE_NORMAL, false);
		if (!draw_rows(t, v, list))
			break;
	}
	search_mark(t, false);
	if (titles)
		table_draw_titles(&v->table, body.y, body.width);
}
