/* SPDX-License-Identifier: MIT */
/* Selects the rows of the task view, from the snapshot or from the changes since a mark,
 * and places the cursor when the rows change. */
#include <stdio.h>
#include <string.h>

#include "tui/tasks.h"

size_t tasks_count(const struct tasks *v)
{
	return v->folding ? v->folds.nr_lines : v->rows.count;
}

const struct task *tasks_at(const struct tui *t, const struct tasks *v, size_t row)
{
	const struct snapshot *snapshot = tasks_snapshot(t, v);
	uint32_t index;

	if (!snapshot || row >= tasks_count(v))
		return NULL;
	index = v->folding ? v->folds.lines[row].task : v->rows.index[row];
	return index < snapshot->nr_tasks ? &snapshot->tasks[index] : NULL;
}

/* The task under the cursor has no row any more: report if it has ended and keep the
 * row. */
static void cursor_lost(struct tui *t, struct tasks *v)
{
	char id[TASK_ID_MAX];

	if (identity_find(&v->cursor, t->snapshot))
		return; /* hidden by the filter; found again once the filter allows it */
	tui_say(t, ROLE_WARN, "%s ended", identity_format(&v->cursor, id));
	v->cursor.set = false;
	v->follow_row = true;
}

static void pin(const struct tui *t, struct tasks *v)
{
	const struct task *task = tasks_at(t, v, v->at);

	const struct fold *fold = tasks_fold_at(v, v->at);

	v->cursor.set = false;
	v->cursor_fold = fold ? fold->key : 0;
	if (task && !fold)
		v->cursor = identity_of(task);
}

void tasks_pin(struct tui *t, struct tasks *v)
{
	v->moved = true;
	pin(t, v);
}

void tasks_drop_changes(struct tasks *v)
{
	snapshot_unref(v->changes.snapshot);
	memset(&v->changes, 0, sizeof(v->changes));
	folds_forget(&v->folds);
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
		folds_forget(&v->folds);
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

/* More rows than lines fold, until they are clearly fewer again. */
static bool wants_folds(const struct tui *t, const struct tasks *v, int lines)
{
	size_t room = lines > 0 ? (size_t)lines : 0;

	if (t->settings.fold != FOLD_AUTO)
		return t->settings.fold == FOLD_ALWAYS;
	return room > 0 && v->rows.count > (v->folding ? room * 3 / 4 : room);
}

static void fold_rows(struct tui *t, struct tasks *v, const struct snapshot *snapshot)
{
	struct err e = {0};

	v->folding = v->rows.count > 0 && wants_folds(t, v, t->body_most - 1);
	if (!v->folding || folds_update(&v->folds, snapshot, &v->rows, &t->settings.sort,
					&v->opened, v->changes.snapshot != NULL, &e) == 0)
		return;
	tui_say(t, ROLE_ERROR, "%s", e.text);
	v->folding = false;
}

void tasks_check_folding(struct tui *t, struct tasks *v, int lines)
{
	bool wanted = v->rows.count > 0 && wants_folds(t, v, lines);

	if (wanted != v->folding) {
		v->stale = true;
		tasks_refresh(t, v);
	}
}

/* Returns the line of the task or fold that the cursor is on, or -1. */
static ssize_t find_cursor(struct tasks *v, const struct snapshot *snapshot)
{
	ssize_t row;

	if (!v->cursor.set)
		return v->folding && v->cursor_fold != 0
			       ? folds_find_key(&v->folds, v->cursor_fold)
			       : -1;
	row = rows_find(&v->rows, snapshot, v->cursor.kind, v->cursor.id,
			v->cursor.serial);
	return row >= 0 && v->folding ? folds_find_task(&v->folds, v->rows.index[row])
				      : row;
}

/* How much worse than others a row is marked; 0 if nothing says that it is stuck. */
static double severity_at(const struct tui *t, const struct tasks *v, size_t row)
{
	const unsigned marks = TASK_DEADLOCK | TASK_UNREACHABLE | TASK_STUCK;
	const struct task *task = tasks_at(t, v, row);

	return task && task->flags & marks ? column_number(COLUMN_MARK, task, t->now_ns)
					   : 0;
}

/* Before the user moves it, the cursor is on the first of the rows that are marked worst,
 * and stays there for as long as that is so. */
static void lead_cursor(const struct tui *t, struct tasks *v,
			const struct snapshot *snapshot)
{
	ssize_t row = find_cursor(v, snapshot);
	size_t worst = row >= 0 ? (size_t)row : 0;
	double severity = severity_at(t, v, worst);

	for (size_t i = 0; i < tasks_count(v); i++) {
		double other = severity_at(t, v, i);

		if (other <= severity)
			continue;
		worst = i;
		severity = other;
	}
	v->at = severity > 0 ? worst : 0;
	if (severity > 0) {
		pin(t, v);
	} else {
		v->cursor.set = false;
		v->cursor_fold = 0;
	}
}

static void place_cursor(struct tui *t, struct tasks *v, const struct snapshot *snapshot)
{
	ssize_t row;

	if (!v->moved) {
		lead_cursor(t, v, snapshot);
		return;
	}
	row = find_cursor(v, snapshot);
	if (row >= 0)
		v->at = (size_t)row;
	else if (v->cursor.set)
		cursor_lost(t, v);
	if (v->at >= tasks_count(v))
		v->at = tasks_count(v) > 0 ? tasks_count(v) - 1 : 0;
	if (v->follow_row && !v->cursor.set)
		pin(t, v);
	v->follow_row = false;
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

	if (!v->stale)
		return;
	v->stale = false;
	v->refreshes++;
	make_changes(t, v);
	snapshot = tasks_snapshot(t, v);
	if (!snapshot) {
		v->rows.count = 0;
		v->folding = false;
		v->opened.count = 0;
		v->at = 0;
		v->top = 0;
		v->cursor.set = false;
		v->moved = false;
		v->judged = false;
		return;
	}
	if (rows_update(&v->rows, snapshot, &options, t->now_ns, &e) != 0)
		tui_say(t, ROLE_ERROR, "%s", e.text);
	fold_rows(t, v, snapshot);
	tasks_judge_columns(t, v, snapshot);
	place_cursor(t, v, snapshot);
}

void tasks_go_to(struct tui *t, const struct identity *identity)
{
	struct tasks *v = t->ctx[VIEW_TASKS];

	v->cursor = *identity;
	v->moved = true;
	v->stale = true;
}
