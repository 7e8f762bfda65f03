/* SPDX-License-Identifier: MIT */
/* Lines of the task table that stand for several tasks: their cells, and opening them. */
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "tui/tasks.h"

const struct fold *tasks_fold_at(const struct tasks *v, size_t row)
{
	if (!v->folding || row >= v->folds.nr_lines || !v->folds.lines[row].is_fold)
		return NULL;
	return &v->folds.list[v->folds.lines[row].fold];
}

bool tasks_in_fold(const struct tasks *v, size_t row)
{
	return v->folding && row < v->folds.nr_lines && !v->folds.lines[row].is_fold &&
	       v->folds.lines[row].fold != FOLD_NONE;
}

bool tasks_toggle_fold(struct tui *t, struct tasks *v, size_t row)
{
	const struct fold *fold = tasks_fold_at(v, row);

	(void)t;
	if (!fold)
		return false;
	fold_toggle(&v->opened, fold->key);
	v->stale = true;
	return true;
}

static const char *count_text(const struct fold *fold, bool ascii, char *out)
{
	const char *sign =
		fold->open ? (ascii ? "-" : "\u25be") : (ascii ? "+" : "\u25b8");

	snprintf(out, COLUMN_TEXT_MAX, "%s%s%u", sign, ascii ? "x" : "\u00d7",
		 fold->count);
	return out;
}

const char *tasks_fold_cell(const struct tui *t, const struct tasks *v,
			    const struct fold *fold, enum column_id id,
			    char out[COLUMN_TEXT_MAX])
{
	const struct snapshot *s = tasks_snapshot(t, v);
	struct task all = s->tasks[fold->first];

	switch (id) {
	case COLUMN_ID:
		return count_text(fold, t->ascii, out);
	case COLUMN_AGE:
		all.since_ns = fold->since_ns;
		break;
	case COLUMN_CPU:
		all.cpu_percent = fold->cpu_percent;
		break;
	case COLUMN_SWITCHES:
		all.switches = fold->switches;
		break;
	case COLUMN_PID:
	case COLUMN_PROCESS:
	case COLUMN_WAITS:
	case COLUMN_NAME:
	case COLUMN_CREATED:
	case COLUMN_LABELS:
		if (fold_differs(&v->folds, fold, &v->rows, s, id))
			return "several";
		break;
	default:
		break;
	}
	/* The cell may point to the task: a text must not point to this copy. */
	return column_format(id,
			     id == COLUMN_AGE || id == COLUMN_CPU || id == COLUMN_SWITCHES
				     ? &all
				     : &s->tasks[fold->first],
			     t->now_ns, out);
}

/* Adds "A, B and C" to a text. */
static void add_names(char *text, size_t size, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		snprintf(text + strlen(text), size - strlen(text), "%s%s",
			 i == 0          ? ""
			 : i + 1 < count ? ", "
					 : " and ",
			 names[i]);
}

void tasks_fold_text(const struct tui *t, const struct tasks *v, const struct fold *fold,
		     char *out, size_t size)
{
	static const enum column_id columns[] = {COLUMN_WAITS, COLUMN_CREATED,
						 COLUMN_NAME, COLUMN_LABELS};
	const struct snapshot *s = tasks_snapshot(t, v);
	const char *same[2 + ARRAY_COUNT(columns)] = {"state", "place"};
	const char *differ[ARRAY_COUNT(columns)];
	size_t nr_same = 2, nr_differ = 0;
	char cell[COLUMN_TEXT_MAX], id[TASK_ID_MAX];

	for (size_t i = 0; i < ARRAY_COUNT(columns); i++) {
		const char *title = column_info(columns[i])->title;

		if (fold_differs(&v->folds, fold, &v->rows, s, columns[i]))
			differ[nr_differ++] = title;
		/* What none of them has is not worth a word. */
		else if (*column_format(columns[i], &s->tasks[fold->first], t->now_ns,
					cell) != '\0')
			same[nr_same++] = title;
	}
	snprintf(out, size, "%u tasks, alike in ", fold->count);
	add_names(out, size, same, nr_same);
	snprintf(out + strlen(out), size - strlen(out), "%s",
		 nr_differ ? ", not in " : "");
	add_names(out, size, differ, nr_differ);
	snprintf(out + strlen(out), size - strlen(out), "; below is the oldest, %s",
		 task_format_id(&s->tasks[fold->oldest], id));
}
