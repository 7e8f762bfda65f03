/* SPDX-License-Identifier: MIT */
/*
 * The task view. core/rows.h selects the tasks, once per snapshot or change of filter and
 * sort order; drawing formats only the visible rows. The cursor belongs to a task, not to
 * a row.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/detail.h"
#include "tui/editor.h"
#include "tui/filters.h"
#include "tui/marks.h"
#include "tui/tasks.h"
#include "tui/views.h"

static int tasks_init(struct tui *t, void *ctx)
{
	struct tasks *v = ctx;
	struct err e = {0};

	rows_init(&v->rows);
	folds_init(&v->folds);
	v->stale = true;
	tasks_set_columns(t, v);
	v->query = query_new(t->settings.filter, &e);
	if (!v->query) {
		tui_say(t, ROLE_ERROR, "filter: %s", e.text);
		t->settings.filter[0] = '\0';
	}
	return 0;
}

static void tasks_release(void *ctx)
{
	struct tasks *v = ctx;

	rows_release(&v->rows);
	folds_release(&v->folds);
	free(v->found);
	query_free(v->query);
	snapshot_unref(v->changes.snapshot);
}

static void tasks_update(struct tui *t, void *ctx)
{
	struct tasks *v = ctx;

	/* Its texts belong to the previous snapshot. */
	tasks_drop_changes(v);
	folds_forget(&v->folds);
	v->stale = true;
	if (t->view == VIEW_TASKS)
		tasks_refresh(t, v);
}

static void move_to(struct tui *t, struct tasks *v, long row)
{
	long last = (long)tasks_count(v) - 1;

	row = row > last ? last : row;
	v->at = row > 0 ? (size_t)row : 0;
	tasks_pin(t, v);
}

/* Moves to the next or previous stuck row; wraps around at the ends. */
static void move_to_stuck(struct tui *t, struct tasks *v, int step)
{
	size_t count = tasks_count(v);

	for (size_t i = 1; i <= count; i++) {
		size_t row = (v->at + (step > 0 ? i : count - i)) % count;
		const struct task *task = tasks_at(t, v, row);

		if (task && (task->flags & TASK_STUCK)) {
			move_to(t, v, (long)row);
			return;
		}
	}
	tui_say(t, ROLE_NORMAL, "none of the tasks shown is stuck");
}

static bool tasks_typed(struct tui *t, void *ctx, const char *text, struct err *e)
{
	(void)ctx;
	return filters_set(t, text, e);
}

static void open_task(struct tui *t, struct tasks *v, const struct task *task)
{
	const struct mark_task *before;
	struct snapshot *gone;

	tasks_pin(t, v);
	if (!(task->flags & TASK_GONE)) {
		tui_open_task(t, task);
		return;
	}
	before = v->changes.before[task - v->changes.snapshot->tasks];
	gone = mark_gone(marks_chosen(&t->marks), before, t->snapshot);
	if (gone)
		tui_open_gone_task(t, gone);
}

static void open_holds(struct tui *t, struct tasks *v, const struct task *task)
{
	tasks_pin(t, v);
	tui_open_holds(t, task);
}

/* Copies every text of the row, whichever columns are shown. */
static void copy_row(struct tui *t, const struct task *task)
{
	struct buf row;

	buf_init(&row, 0);
	for (int id = 0; id < COLUMN_COUNT; id++) {
		char buffer[COLUMN_TEXT_MAX];
		const char *cell =
			column_format((enum column_id)id, task, t->now_ns, buffer);

		if (cell[0] != '\0' && strcmp(cell, "-") != 0 && strcmp(cell, " ") != 0)
			buf_printf(&row, "%s%s", row.length > 0 ? "  " : "", cell);
	}
	if (!row.failed && row.length > 0)
		editor_copy(t, "the row", row.bytes);
	buf_release(&row);
}

static void edit_row(struct tui *t, const struct task *task)
{
	const struct frame *frame = detail_place(task);

	editor_open(t, frame ? frame->file : NULL, frame ? frame->line : 0);
}

static bool move_cursor(struct tui *t, struct tasks *v, enum action action)
{
	size_t to = v->at;

	if (!key_moves(action, t->body.height - 2, tasks_count(v), &to))
		return false;
	move_to(t, v, (long)to);
	return true;
}

static bool tasks_act(struct tui *t, void *ctx, enum action action, int key)
{
	struct tasks *v = ctx;
	const struct task *task;

	tasks_refresh(t, v);
	if (move_cursor(t, v, action))
		return true;
	switch (action) {
	case ACTION_OPEN:
		task = tasks_at(t, v, v->at);
		if (!tasks_toggle_fold(t, v, v->at) && task)
			open_task(t, v, task);
		return true;
	case ACTION_HOLDS:
		task = tasks_at(t, v, v->at);
		if (task && task->flags & TASK_GONE)
			tui_say(t, ROLE_WARN, "this task has ended");
		else if (task)
			open_holds(t, v, task);
		return true;
	case ACTION_EDIT:
	case ACTION_COPY:
		task = tasks_at(t, v, v->at);
		if (task)
			(action == ACTION_EDIT ? edit_row : copy_row)(t, task);
		return true;
	case ACTION_NEXT:
	case ACTION_PREVIOUS:
		move_to_stuck(t, v, action == ACTION_NEXT ? 1 : -1);
		return true;
	case ACTION_FILTER:
		tui_prompt_query(t, t->settings.filter);
		return true;
	case ACTION_CLASS:
		/* The same key again clears it. */
		t->class = key - '1' == t->class ? -1 : key - '1';
		filters_changed(t);
		return true;
	case ACTION_BACK:
		filters_clear(t);
		return true;
	case ACTION_IDLE:
		t->settings.hide_idle = !t->settings.hide_idle;
		v->stale = true;
		return true;
	case ACTION_EXPAND:
		if (!tasks_toggle_fold(t, v, v->at))
			v->expanded = !v->expanded;
		return true;
	case ACTION_FOLD:
		t->settings.fold = v->folding ? FOLD_NEVER : FOLD_ALWAYS;
		v->stale = true;
		tui_say(t, ROLE_NORMAL,
			v->folding ? "each task has a row of its own"
				   : "rows that are alike are one; Enter shows them");
		return true;
	default:
		return tasks_columns_act(t, v, action);
	}
}

static void tasks_click(struct tui *t, void *ctx, int y, int x, bool twice)
{
	struct tasks *v = ctx;
	const struct table_column *column;

	if (y == t->body.y) {
		column = table_hit(&v->table, x);
		if (column && column->id != TASKS_CHANGE_COLUMN)
			tasks_sort_by(t, v, (enum column_id)column->id);
		return;
	}
	for (int i = 0; y < v->end_y && i < v->nr_lines; i++) {
		if (v->line_y[i] > y || (i + 1 < v->nr_lines && v->line_y[i + 1] <= y))
			continue;
		move_to(t, v, (long)(v->top + (size_t)i));
		if (twice)
			tasks_act(t, v, ACTION_OPEN, 0);
		return;
	}
}

static void tasks_subject(struct tui *t, void *ctx, struct subject *subject)
{
	struct tasks *v = ctx;
	const struct fold *fold;

	tasks_refresh(t, v);
	subject->task = tasks_at(t, v, v->at);
	if (!subject->task)
		return;
	subject->snapshot = tasks_snapshot(t, v);
	fold = tasks_fold_at(v, v->at);
	if (!fold)
		return;
	subject->task = &subject->snapshot->tasks[fold->oldest];
	tasks_fold_text(t, v, fold, subject->alike, sizeof(subject->alike));
}

static void tasks_status(struct tui *t, void *ctx, char *out, size_t size)
{
	struct tasks *v = ctx;

	char mark[MARK_TEXT_MAX];
	size_t used;

	if (!t->snapshot)
		return;
	if (v->changes.snapshot)
		snprintf(out, size, "%zu new, %zu gone, %zu moved since %s",
			 v->changes.nr_new, v->changes.nr_gone, v->changes.nr_moved,
			 mark_text(t, mark));
	else if (v->rows.count == t->snapshot->nr_tasks)
		snprintf(out, size, "%zu shown", v->rows.count);
	else
		snprintf(out, size, "%zu of %zu shown", v->rows.count,
			 t->snapshot->nr_tasks);
	used = strlen(out);
	if (v->folding && used < size)
		snprintf(out + used, size - used, " in %zu rows", v->folds.count);
	used = strlen(out);
	if (v->table.scroll > 0 && used + sizeof(", scrolled: h back") < size)
		used += (size_t)sprintf(out + used, ", scrolled: h back");
	tasks_left_out_text(t, v, out + used, size - used);
}

const struct view view_tasks = {
	.name = "tasks",
	.keys = IN_TASKS,
	.header = true,
	.ctx_size = sizeof(struct tasks),
	.init = tasks_init,
	.release = tasks_release,
	.update = tasks_update,
	.draw = tasks_draw,
	.act = tasks_act,
	.click = tasks_click,
	.typed = tasks_typed,
	.search = &tasks_search,
	.subject = tasks_subject,
	.lines = tasks_lines,
	.status = tasks_status,
};
