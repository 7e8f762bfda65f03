/* SPDX-License-Identifier: MIT */
/* Selects the rows of the task view, from the snapshot or from the changes since a mark,
 * and places the cursor when the rows change. */
#include <stdio.h>
#include <string.h>

#include "tui/tasks.h"

/* Returns the snapshot of the rows, or NULL. */
static const struct snapshot *tasks_snapshot(const struct tui *t, const struct tasks *v)
{
	return t->changes_only && v->changes.snapshot ? v->changes.snapshot : t->snapshot;
}

const struct task *tasks_at(const struct tui *t, const struct tasks *v, size_t row)
{
	const struct snapshot *snapshot = tasks_snapshot(t, v);

	if (!snapshot || row >= v->rows.count || v->rows.index[row] >= snapshot->nr_tasks)
		return NULL;
	return &snapshot->tasks[v->rows.index[row]];
}

/* The task under the cursor has no row any more: report if it has ended and keep the
 * row. */
static void cursor_lost(struct tui *t, struct tasks *v)
{
	char id[TASK_ID_MAX];
	struct task gone = {.kind = v->cursor.kind, .id = v->cursor.id};

	if (identity_find(&v->cursor, t->snapshot))
		return; /* hidden by the filter; found again once the filter allows it */
	tui_say(t, ROLE_WARN, "%s ended", task_format_id(&gone, id));
	v->cursor.set = false;
	v->follow_row = true;
}

void tasks_pin(struct tui *t, struct tasks *v)
{
	const struct task *task = tasks_at(t, v, v->at);

	v->cursor.set = false;
	if (task)
		v->cursor = identity_of(task);
}

void tasks_drop_changes(struct tasks *v)
{
	snapshot_unref(v->changes.snapshot);
	memset(&v->changes, 0, sizeof(v->changes));
}

/* Compares once per snapshot and mark, not per key. */
static void make_changes(struct tui *t, struct tasks *v)
{
	const struct mark *mark = marks_chosen(&t->marks);
	bool shown = t->changes_only && mark && t->snapshot;
	struct err e = {0};

	if (v->changes.snapshot && (!shown || v->changes_mark != mark->number))
		tasks_drop_changes(v);
	if (shown && !v->changes.snapshot) {
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

const char *tasks_change(const struct tasks *v, const struct task *task,
			 char out[COLUMN_TEXT_MAX])
{
	const struct mark_task *before;

	if (task->flags & TASK_NEW)
		return "new";
	if (task->flags & TASK_GONE)
		return "gone";
	before = v->changes.before[task - v->changes.snapshot->tasks];
	if (!before || before->state == (uint8_t)task->state)
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
	if (!snapshot) {
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
		tasks_pin(t, v);
	v->follow_row = false;
}

void tasks_go_to(struct tui *t, const struct identity *identity)
{
	struct tasks *v = t->ctx[VIEW_TASKS];

	v->cursor = *identity;
	v->stale = true;
}
