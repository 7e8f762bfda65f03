/* SPDX-License-Identifier: MIT */
/*
 * Search in the task table: the texts of the columns that are shown, without marks and
 * figures, which change while one looks. A closed fold has what one of its tasks has.
 * Cells that are the same for every task of a stack are formatted once.
 */
#include <string.h>

#include "base/array.h"
#include "base/hash.h"
#include "base/text.h"
#include "tui/tasks.h"

bool tasks_searched(int column)
{
	return column == TASKS_CHANGE_COLUMN || column == COLUMN_PID ||
	       (column != COLUMN_MARK && !column_info((enum column_id)column)->right);
}

static size_t search_count(struct tui *t, void *ctx)
{
	tasks_refresh(t, ctx);
	return tasks_count(ctx);
}

/* What an answer depends on: the rows and the columns. */
static uint64_t search_version(struct tui *t, void *ctx)
{
	struct tasks *v = ctx;
	uint64_t columns = 0;

	tasks_refresh(t, v);
	v->nr_searched = 0;
	for (size_t i = 0; i < v->table.count; i++) {
		int id = v->table.columns[i].id;

		if (v->table.columns[i].width == 0 || !tasks_searched(id))
			continue;
		columns |= 1ull << id;
		v->searched[v->nr_searched++] = id;
	}
	return v->refreshes << 16 | columns;
}

/* Places, which depend on the stack alone. */
static bool place_has(struct tasks *v, const struct task *task, enum column_id id,
		      const struct pattern *pattern)
{
	const void *stack = id == COLUMN_CREATED ? task->created_by : task->stack;
	struct place_memo *memo =
		&v->place_memo[hash_mix((uintptr_t)stack, id) % TASKS_MEMO_SIZE];
	char text[COLUMN_TEXT_MAX];

	if (!stack || (id == COLUMN_CREATED && task_more(task)->creator_name))
		return pattern_match(pattern, column_format(id, task, 0, text));
	if (memo->stack != stack || memo->column != id)
		*memo = (struct place_memo){
			stack, id,
			pattern_match(pattern, column_format(id, task, 0, text))};
	return memo->answer;
}

/* Most patterns cannot be in an id, which is such as "t12" or "g3@4711". */
static bool may_be_id(const struct pattern *pattern)
{
	if (pattern->length > 0 && !byte_is_digit(pattern->text[0]) &&
	    !strchr("tgc#@", pattern->text[0]))
		return false;
	for (size_t i = 1; i < pattern->length; i++)
		if (!byte_is_digit(pattern->text[i]) && pattern->text[i] != '@')
			return false;
	return true;
}

static bool cell_has(struct tui *t, struct tasks *v, const struct task *task, int id,
		     const struct pattern *pattern)
{
	char text[COLUMN_TEXT_MAX];

	switch (id) {
	case TASKS_CHANGE_COLUMN:
		return pattern_match(pattern, tasks_change(v, task, text));
	case COLUMN_ID:
		return may_be_id(pattern) &&
		       pattern_match(pattern, task_format_id(task, text));
	case COLUMN_LABELS:
		return task->nr_labels > 0 &&
		       pattern_match(pattern,
				     column_format(COLUMN_LABELS, task, 0, text));
	case COLUMN_FUNCTION:
	case COLUMN_LOCATION:
	case COLUMN_CREATED:
		return place_has(v, task, (enum column_id)id, pattern);
	default:
		return pattern_match(pattern, column_format((enum column_id)id, task,
							    t->now_ns, text));
	}
}

static bool task_has(struct tui *t, struct tasks *v, const struct task *task,
		     const struct pattern *pattern)
{
	for (size_t i = 0; i < v->nr_searched; i++)
		if (cell_has(t, v, task, v->searched[i], pattern))
			return true;
	return false;
}

/* Looks at the tasks in the order in which they are in memory. */
static void search_begin(struct tui *t, void *ctx, const struct pattern *pattern,
			 bool narrower)
{
	struct tasks *v = ctx;
	const struct snapshot *s = tasks_snapshot(t, v);
	size_t count = s ? s->nr_tasks : 0;

	memset(v->place_memo, 0, sizeof(v->place_memo));
	narrower = narrower && v->nr_found == count;
	if (!array_reserve(&v->found, &v->cap_found, count))
		count = 0;
	v->nr_found = v->rows.count > 0 ? count : 0;
	for (size_t i = 0; i < v->nr_found; i++)
		v->found[i] = v->rows.shown[i] && (!narrower || v->found[i]) &&
			      task_has(t, v, &s->tasks[i], pattern);
}

static bool fold_shows(struct tui *t, struct tasks *v, const struct fold *fold,
		       const struct pattern *pattern)
{
	char text[COLUMN_TEXT_MAX];

	for (size_t i = 0; i < v->nr_searched; i++) {
		int id = v->searched[i];

		if (id < COLUMN_COUNT && id != COLUMN_ID &&
		    pattern_match(pattern,
				  tasks_fold_cell(t, v, fold, (enum column_id)id, text)))
			return true;
	}
	return false;
}

static bool search_has(struct tui *t, void *ctx, size_t line,
		       const struct pattern *pattern)
{
	struct tasks *v = ctx;
	const struct fold *fold = tasks_fold_at(v, line);
	const struct task *task = tasks_at(t, v, line), *all;

	if (!task)
		return false;
	all = tasks_snapshot(t, v)->tasks;
	if (!fold)
		return task - all < (ptrdiff_t)v->nr_found && v->found[task - all];
	if (fold->open) /* its tasks follow it */
		return fold_shows(t, v, fold, pattern);
	for (uint32_t row = fold->row; row != FOLD_NONE; row = v->folds.next[row])
		if (v->rows.index[row] < v->nr_found && v->found[v->rows.index[row]])
			return true;
	return false;
}

static bool search_inside(struct tui *t, void *ctx, size_t line,
			  const struct pattern *pattern)
{
	const struct fold *fold = tasks_fold_at(ctx, line);

	return fold && !fold->open && !fold_shows(t, ctx, fold, pattern);
}

static void search_go(struct tui *t, void *ctx, size_t line)
{
	struct tasks *v = ctx;

	v->at = line;
	tasks_pin(t, v);
}

static size_t search_at(struct tui *t, void *ctx)
{
	tasks_refresh(t, ctx);
	return ((struct tasks *)ctx)->at;
}

static uint64_t search_key(struct tui *t, void *ctx, size_t line)
{
	const struct task *task = tasks_at(t, ctx, line);
	const struct fold *fold = tasks_fold_at(ctx, line);

	if (fold)
		return fold->key;
	return task ? hash_identity(0, task->kind, task->id, task->serial) : 0;
}

const struct search_ops tasks_search = {.count = search_count,
					.has = search_has,
					.inside = search_inside,
					.go = search_go,
					.at = search_at,
					.key = search_key,
					.version = search_version,
					.begin = search_begin};
