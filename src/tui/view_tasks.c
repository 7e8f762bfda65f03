/* SPDX-License-Identifier: MIT */
/*
 * The task view: which tasks are shown is core/rows.h's work, done once per snapshot or
 * change of filter and sort; drawing formats the visible rows only. The cursor belongs to
 * a task, not to a row.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "tui/app.h"
#include "tui/tasks.h"

static int tasks_init(struct tui *t, void *ctx)
{
	struct tasks *v = ctx;
	struct err e = {0};

	rows_init(&v->rows);
	v->stale = true;
	tasks_set_columns(t, v);
	v->query = query_new(t->settings.filter, &e);
	if (v->query == NULL) {
		tui_say(t, ROLE_ERROR, "filter: %s", e.text);
		t->settings.filter[0] = '\0';
	}
	return 0;
}

static void tasks_release(void *ctx)
{
	struct tasks *v = ctx;

	rows_release(&v->rows);
	query_free(v->query);
	snapshot_unref(v->changes.snapshot);
}

/* The cursor's task is not among the rows: say so if it has ended, stay where it was. */
static void cursor_lost(struct tui *t, struct tasks *v)
{
	char id[TASK_ID_MAX];
	struct task gone = {.kind = v->cursor.kind, .id = v->cursor.id};

	if (identity_find(&v->cursor, t->snapshot) != NULL)
		return; /* filtered out; it is found again when the filter lets it */
	tui_say(t, ROLE_WARN, "%s ended", task_format_id(&gone, id));
	v->cursor.set = false;
	v->follow_row = true;
}

/* The task under the cursor, if the cursor is to stay on it from now on. */
static void pin(struct tui *t, struct tasks *v)
{
	const struct task *task = tasks_at(t, v, v->at);

	v->cursor.set = false;
	if (task != NULL)
		v->cursor = identity_of(task);
}

static void drop_changes(struct tasks *v)
{
	snapshot_unref(v->changes.snapshot);
	memset(&v->changes, 0, sizeof(v->changes));
}

/* Compared once for each picture and mark, not once a key. */
static void make_changes(struct tui *t, struct tasks *v)
{
	const struct mark *mark = marks_chosen(&t->marks);
	bool shown = t->changes_only && mark != NULL && t->snapshot != NULL;
	struct err e = {0};

	if (v->changes.snapshot != NULL && (!shown || v->changes_mark != mark->number))
		drop_changes(v);
	if (shown && v->changes.snapshot == NULL) {
		v->changes_mark = mark->number;
		if (mark_compare(mark, t->snapshot, &v->changes, &e) != 0)
			tui_say(t, ROLE_ERROR, "%s", e.text);
	}
	if (v->changes_shown != shown) {
		v->changes_shown = shown;
		tasks_set_columns(t, v);
		v->stale = false;
	}
}

const struct snapshot *tasks_snapshot(const struct tui *t, const struct tasks *v)
{
	return t->changes_only && v->changes.snapshot != NULL ? v->changes.snapshot
							      : t->snapshot;
}

const char *tasks_change(const struct tasks *v, const struct task *task,
			 char out[COLUMN_TEXT_MAX])
{
	const struct mark_task *before;

	if (task->flags & TASK_NEW)
		return "new";
	if (task->flags & TASK_GONE)
		return "gone";
	before = v->changes.before[task - v->changes.snapshot->tasks];
	if (before == NULL || before->state == (uint8_t)task->state)
		return "moved";
	snprintf(out, COLUMN_TEXT_MAX, "was %s",
		 state_info((enum task_state)before->state)->name);
	return out;
}

void tasks_refresh(struct tui *t, struct tasks *v)
{
	const struct snapshot *snapshot;
	struct rows_options options = {
		.query = v->query,
		.class = t->class,
		.hide_idle = t->settings.hide_idle,
		.only_stuck = false,
		.sort = t->settings.sort,
	};
	struct err e = {0};
	ssize_t row;

	if (!v->stale)
		return;
	v->stale = false;
	make_changes(t, v);
	snapshot = tasks_snapshot(t, v);
	if (snapshot == NULL) {
		v->rows.count = 0;
		v->at = 0;
		v->top = 0;
		v->cursor.set = false;
		return;
	}
	if (rows_update(&v->rows, snapshot, &options, t->now_ns, &e) != 0)
		tui_say(t, ROLE_ERROR, "%s", e.text);
	if (v->cursor.set) {
		row = rows_find(&v->rows, snapshot, v->cursor.kind, v->cursor.id,
				v->cursor.serial);
		if (row >= 0)
			v->at = (size_t)row;
		else
			cursor_lost(t, v);
	}
	if (v->at >= v->rows.count)
		v->at = v->rows.count > 0 ? v->rows.count - 1 : 0;
	if (v->follow_row && !v->cursor.set)
		pin(t, v);
	v->follow_row = false;
}

static void tasks_update(struct tui *t, void *ctx)
{
	struct tasks *v = ctx;

	/* Its texts are those of the picture before. */
	drop_changes(v);
	v->stale = true;
	if (t->view == VIEW_TASKS)
		tasks_refresh(t, v);
}

const struct task *tasks_at(const struct tui *t, const struct tasks *v, size_t row)
{
	const struct snapshot *snapshot = tasks_snapshot(t, v);

	if (snapshot == NULL || row >= v->rows.count ||
	    v->rows.index[row] >= snapshot->nr_tasks)
		return NULL;
	return &snapshot->tasks[v->rows.index[row]];
}

static void move_to(struct tui *t, struct tasks *v, long row)
{
	long last = (long)v->rows.count - 1;

	row = row > last ? last : row;
	v->at = row > 0 ? (size_t)row : 0;
	pin(t, v);
}

/* Next or previous stuck row, around the ends. */
static void move_to_stuck(struct tui *t, struct tasks *v, int step)
{
	size_t count = v->rows.count;

	for (size_t i = 1; i <= count; i++) {
		size_t row = (v->at + (step > 0 ? i : count - i)) % count;
		const struct task *task = tasks_at(t, v, row);

		if (task != NULL && (task->flags & TASK_STUCK)) {
			move_to(t, v, (long)row);
			return;
		}
	}
	tui_say(t, ROLE_NORMAL, "no task that is shown is stuck");
}

void tasks_go_to(struct tui *t, const struct identity *identity)
{
	struct tasks *v = t->ctx[VIEW_TASKS];

	v->cursor = *identity;
	v->stale = true;
}

void tasks_filters_changed(struct tui *t)
{
	struct tasks *v = t->ctx[VIEW_TASKS];

	v->stale = true;
	tasks_forget_widths(v);
}

bool tasks_filter(struct tui *t, const char *text, struct err *e)
{
	struct tasks *v = t->ctx[VIEW_TASKS];
	struct query *query = query_new(text, e);

	if (query == NULL)
		return false;
	query_free(v->query);
	v->query = query;
	snprintf(t->settings.filter, sizeof(t->settings.filter), "%s", text);
	tasks_filters_changed(t);
	return true;
}

struct query *tasks_query(struct tui *t)
{
	return ((struct tasks *)t->ctx[VIEW_TASKS])->query;
}

void tasks_clear_filters(struct tui *t)
{
	struct err e = {0};

	t->class = -1;
	t->changes_only = false;
	tasks_filter(t, "", &e);
}

static bool tasks_typed(struct tui *t, void *ctx, const char *text, struct err *e)
{
	(void)ctx;
	return tasks_filter(t, text, e);
}

static void open_task(struct tui *t, struct tasks *v, const struct task *task)
{
	const struct mark_task *before;
	struct snapshot *gone;

	pin(t, v);
	if (!(task->flags & TASK_GONE)) {
		detail_open(t, task);
		return;
	}
	before = v->changes.before[task - v->changes.snapshot->tasks];
	gone = mark_gone(marks_chosen(&t->marks), before, t->snapshot);
	if (gone != NULL)
		detail_open_gone(t, gone);
}

static bool move(struct tui *t, struct tasks *v, enum action action)
{
	size_t to = v->at;

	if (!key_moves(action, t->body.height - 2, v->rows.count, &to))
		return false;
	move_to(t, v, (long)to);
	return true;
}

static bool tasks_act(struct tui *t, void *ctx, enum action action, int key)
{
	struct tasks *v = ctx;
	const struct task *task;

	tasks_refresh(t, v);
	if (move(t, v, action))
		return true;
	switch (action) {
	case ACTION_OPEN:
		task = tasks_at(t, v, v->at);
		if (task != NULL)
			open_task(t, v, task);
		return true;
	case ACTION_NEXT:
	case ACTION_PREVIOUS:
		move_to_stuck(t, v, action == ACTION_NEXT ? 1 : -1);
		return true;
	case ACTION_FILTER:
		tui_prompt(t, t->settings.filter);
		return true;
	case ACTION_CLASS:
		t->class = key - '1' == t->class ? -1 : key - '1'; /* again: off */
		tasks_filters_changed(t);
		return true;
	case ACTION_BACK:
		tasks_clear_filters(t);
		return true;
	case ACTION_IDLE:
		t->settings.hide_idle = !t->settings.hide_idle;
		v->stale = true;
		return true;
	case ACTION_EXPAND:
		v->expanded = !v->expanded;
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
		if (column != NULL && column->id != TASKS_CHANGE_COLUMN)
			tasks_sort_by(t, v, (enum column_id)column->id);
		return;
	}
	for (int i = 0; i < v->nr_lines; i++) {
		if (v->line_y[i] > y || (i + 1 < v->nr_lines && v->line_y[i + 1] <= y))
			continue;
		move_to(t, v, (long)(v->top + (size_t)i));
		if (twice)
			tasks_act(t, v, ACTION_OPEN, 0);
		return;
	}
}

static void tasks_status(struct tui *t, void *ctx, char *out, size_t size)
{
	struct tasks *v = ctx;

	char mark[MARK_TEXT_MAX];

	if (t->snapshot == NULL)
		return;
	if (v->changes.snapshot != NULL)
		snprintf(out, size, "%zu new, %zu gone, %zu moved since %s",
			 v->changes.nr_new, v->changes.nr_gone, v->changes.nr_moved,
			 mark_text(t, mark));
	else if (v->rows.count == t->snapshot->nr_tasks)
		snprintf(out, size, "%zu shown", v->rows.count);
	else
		snprintf(out, size, "%zu of %zu shown", v->rows.count,
			 t->snapshot->nr_tasks);
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
	.status = tasks_status,
};
