/* SPDX-License-Identifier: MIT */
/*
 * The processes of a target that is several, with their counts. Enter shows the tasks of
 * one. The cursor belongs to a process, not to a row. A column that is the same for all
 * of them is left out until it differs.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "tui/filters.h"
#include "tui/members.h"
#include "tui/scroll.h"
#include "tui/table_sort.h"
#include "tui/views.h"

#define TROUBLE_CELLS 60
#define SAME_ROWS     2 /* fewer say nothing about a column */

struct members_view {
	struct member_rows rows;
	bool stale;
	bool differed[MEMBER_COLUMNS]; /* since the view was entered */
	pid_t pid;                     /* under the cursor, or 0 */
	size_t at, top;
	struct table table;
};

static void resort(void *view)
{
	((struct members_view *)view)->stale = true;
}

static int members_init(struct tui *t, void *ctx)
{
	struct members_view *v = ctx;

	(void)t;
	v->table.count = MEMBER_COLUMNS;
	v->table.sorted = MEMBER_PID;
	v->table.resort = resort;
	v->table.view = v;
	for (int i = 0; i < MEMBER_COLUMNS; i++) {
		const struct member_column_info *info = member_column_info(i);

		v->table.columns[i] = (struct table_column){
			.id = i,
			.title = info->title,
			.help = info->help,
			.largest_first = info->descending,
			.min_width = info->min_width,
			.max_width = info->max_width,
			.comfort = i == MEMBER_TROUBLE ? TROUBLE_CELLS : 0,
			.priority = info->priority,
			.right = info->right,
			.pinned = i == MEMBER_PID,
			.natural = -1,
		};
	}
	return 0;
}

static void members_release(void *ctx)
{
	member_rows_release(&((struct members_view *)ctx)->rows);
}

/* What differs rarely; figures are shown even if they happen to be equal. */
static bool may_leave(int column)
{
	return column == MEMBER_PROCESS || column == MEMBER_STUCK ||
	       column == MEMBER_LONG || column == MEMBER_CHILDREN ||
	       column == MEMBER_SOURCE || column == MEMBER_TROUBLE;
}

/* Where all processes agree, a column says nothing. */
static void leave_out(struct tui *t, struct members_view *v)
{
	char first[MEMBER_TEXT_MAX], other[MEMBER_TEXT_MAX];

	for (int i = 0; i < MEMBER_COLUMNS; i++) {
		bool same = may_leave(i) && i != v->table.sorted &&
			    v->rows.count >= SAME_ROWS && !v->differed[i];

		for (size_t row = 1; same && row < v->rows.count; row++)
			same = strcmp(member_cell(t, &v->rows.list[0], i, first),
				      member_cell(t, &v->rows.list[row], i, other)) == 0;
		v->table.columns[i].left_out = same;
		v->differed[i] |= !same && v->rows.count >= SAME_ROWS;
	}
	/* Nobody misses a trouble that there is not. */
	if (v->rows.count == 1)
		v->table.columns[MEMBER_TROUBLE].left_out =
			!v->rows.list[0].process->trouble;
}

static void refresh_rows(struct tui *t, struct members_view *v)
{
	if (!v->stale)
		return;
	v->stale = false;
	member_rows_fill(t, &v->rows, v->table.sorted, v->table.descending);
	leave_out(t, v);
	for (size_t i = 0; v->pid != 0 && i < v->rows.count; i++)
		if (v->rows.list[i].process->pid == v->pid)
			v->at = i;
	if (v->at >= v->rows.count)
		v->at = v->rows.count > 0 ? v->rows.count - 1 : 0;
}

static void members_update(struct tui *t, void *ctx)
{
	struct members_view *v = ctx;

	v->stale = true;
	v->rows.count = 0; /* they belong to the previous snapshot */
	if (t->view == VIEW_MEMBERS)
		refresh_rows(t, v);
}

static void members_enter(struct tui *t, void *ctx)
{
	struct members_view *v = ctx;

	(void)t;
	v->stale = true;
	memset(v->differed, 0, sizeof(v->differed));
}

static const struct member_process *process_here(const struct members_view *v)
{
	return v->at < v->rows.count ? v->rows.list[v->at].process : NULL;
}

static void move_to(struct members_view *v, size_t row)
{
	v->at = row;
	v->pid = process_here(v) ? process_here(v)->pid : 0;
}

static void show_tasks(struct tui *t, struct members_view *v)
{
	const struct member_process *process = process_here(v);
	char filter[32], name[MEMBER_TEXT_MAX];
	struct err e = {0};

	if (!process)
		return;
	move_to(v, v->at);
	snprintf(filter, sizeof(filter), "pid:%d", (int)process->pid);
	t->class = -1;
	if (!filters_set(t, filter, &e)) {
		tui_say(t, ROLE_ERROR, "filter: %s", e.text);
		return;
	}
	tui_switch(t, VIEW_TASKS);
	tui_say(t, ROLE_NORMAL, "only tasks of %s; Esc shows those of all processes",
		member_name(process, name));
}

static bool members_act(struct tui *t, void *ctx, enum action action, int key)
{
	struct members_view *v = ctx;
	size_t to;

	(void)key;
	refresh_rows(t, v);
	to = v->at;
	if (key_moves(action, t->body.height - 3, v->rows.count, &to)) {
		move_to(v, to);
		return true;
	}
	switch (action) {
	case ACTION_OPEN:
		show_tasks(t, v);
		return true;
	case ACTION_PROCESSES:
		tui_choose_process(t, process_here(v) ? process_here(v)->pid : 0);
		return true;
	case ACTION_RESOURCES:
		t->member = process_here(v) ? process_here(v)->pid : 0;
		tui_switch(t, VIEW_RESOURCES);
		return true;
	default:
		return table_act(t, &v->table, action);
	}
}

static enum role cell_role(const struct member_process *process, int column)
{
	if (column == MEMBER_STUCK && process->stuck > 0)
		return ROLE_STUCK;
	if (column == MEMBER_LONG && process->is_long > 0)
		return ROLE_WARN;
	return column == MEMBER_TROUBLE ? ROLE_WARN : ROLE_NORMAL;
}

static bool draw_row(struct tui *t, struct members_view *v, const struct member_row *row,
		     int y, bool here)
{
	char text[MEMBER_TEXT_MAX];
	bool grew = false;

	if (here)
		draw_fill(y, 0, t->width, ROLE_NORMAL, true);
	for (size_t i = 0; i < v->table.count; i++) {
		struct table_column *column = &v->table.columns[i];
		const char *cell = member_cell(t, row, column->id, text);

		grew |= table_measure(column, text_cells(cell, TEXT_CELLS_MAX, t->ascii));
		search_mark(t, true);
		if (column->width > 0)
			draw_cell(y, column->x, column->width,
				  column->right ? ALIGN_RIGHT : ALIGN_LEFT,
				  cell_role(row->process, column->id), here, cell);
		search_mark(t, false);
	}
	return grew;
}

static void draw_title(struct tui *t, const struct members_view *v, int y)
{
	char text[160];

	snprintf(text, sizeof(text),
		 "%zu process%s. Enter shows the tasks of one, x its resources, P every "
		 "process.",
		 v->rows.count, v->rows.count == 1 ? "" : "es");
	draw_text(y, 0, t->width, ROLE_STRONG, false, text);
}

static int lines_above(struct area body)
{
	return body.height >= 4 ? 2 : body.height >= 2 ? 1 : 0;
}

static void members_draw(struct tui *t, void *ctx, struct area body)
{
	struct members_view *v = ctx;
	int above = lines_above(body);
	int rows = body.height > above ? body.height - above : 1;

	refresh_rows(t, v);
	search_mark(t, false);
	if (v->rows.count == 0) {
		draw_text(body.y + (body.height > 2), 1, body.width - 1, ROLE_NORMAL,
			  false, "There is no snapshot of several processes.");
		return;
	}
	v->top = scroll_top(v->top, v->at, rows, v->rows.count);
	table_settle(&v->table, t->clock_ns);
	if (above == 2)
		draw_title(t, v, body.y);
	for (int pass = 0; pass < 2; pass++) {
		bool grew = false;

		table_layout(&v->table, body.width);
		for (int i = 0; i < rows; i++) {
			size_t row = v->top + (size_t)i;

			draw_fill(body.y + above + i, 0, body.width, ROLE_NORMAL, false);
			if (row < v->rows.count)
				grew |= draw_row(t, v, &v->rows.list[row],
						 body.y + above + i, row == v->at);
		}
		if (!grew)
			break;
	}
	if (above > 0)
		table_draw_titles(&v->table, body.y + above - 1, body.width);
	if (!t->paused)
		tui_draw_by(t, t->clock_ns + 1); /* UP grows */
}

static void members_click(struct tui *t, void *ctx, int y, int x, bool twice)
{
	struct members_view *v = ctx;
	int line = y - t->body.y - lines_above(t->body);
	const struct table_column *column;

	refresh_rows(t, v);
	if (line == -1) {
		column = table_hit(&v->table, x);
		if (column)
			table_sort_by(&v->table, column->id);
	} else if (line >= 0 && v->top + (size_t)line < v->rows.count) {
		move_to(v, v->top + (size_t)line);
		if (twice)
			show_tasks(t, v);
	}
}

/* Writes "left out: STUCK 0, SOURCE native". */
static void members_status(struct tui *t, void *ctx, char *out, size_t size)
{
	const struct members_view *v = ctx;
	char cell[MEMBER_TEXT_MAX];
	size_t used = 0;

	if (v->rows.count == 0)
		return;
	for (int i = 0; i < MEMBER_COLUMNS; i++) {
		const char *text = member_cell(t, &v->rows.list[0], i, cell);

		if (!v->table.columns[i].left_out || i == MEMBER_TROUBLE)
			continue;
		if (used + strlen(text) + 32 >= size)
			break;
		used += (size_t)sprintf(out + used, "%s%s %s",
					used > 0 ? ", " : "left out: ",
					member_column_info(i)->title, text);
	}
}

static size_t search_count(struct tui *t, void *ctx)
{
	refresh_rows(t, ctx);
	return ((struct members_view *)ctx)->rows.count;
}

static bool search_has(struct tui *t, void *ctx, size_t line,
		       const struct pattern *pattern)
{
	const struct members_view *v = ctx;
	char text[MEMBER_TEXT_MAX];

	for (int i = 0; i < MEMBER_COLUMNS; i++)
		if (v->table.columns[i].width > 0 &&
		    pattern_match(pattern, member_cell(t, &v->rows.list[line], i, text)))
			return true;
	return false;
}

static void search_go(struct tui *t, void *ctx, size_t line)
{
	(void)t;
	move_to(ctx, line);
}

static size_t search_at(struct tui *t, void *ctx)
{
	(void)t;
	return ((struct members_view *)ctx)->at;
}

static uint64_t search_key(struct tui *t, void *ctx, size_t line)
{
	(void)t;
	return (uint64_t)((struct members_view *)ctx)->rows.list[line].process->pid;
}

static const struct search_ops members_search = {.count = search_count,
						 .has = search_has,
						 .go = search_go,
						 .at = search_at,
						 .key = search_key};

const struct table *members_table(const struct tui *t)
{
	return &((const struct members_view *)t->ctx[VIEW_MEMBERS])->table;
}

const struct view view_members = {
	.name = "processes of the target",
	.keys = IN_MEMBERS,
	.header = true,
	.ctx_size = sizeof(struct members_view),
	.init = members_init,
	.release = members_release,
	.enter = members_enter,
	.update = members_update,
	.draw = members_draw,
	.act = members_act,
	.click = members_click,
	.status = members_status,
	.search = &members_search,
};
