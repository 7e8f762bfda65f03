/* SPDX-License-Identifier: MIT */
/* Compares cells by the fields that they are made of, without formatting them. */
#include "core/column_news.h"

#include <string.h>

/* Fewer rows say nothing about a column that is not empty. */
#define ROWS_MIN     3
/* Enough rows to tell whether a column mostly repeats another. */
#define REPEATS_ROWS 512
/* How long before it is compared a row is asked for. */
#define BEFORE_ROWS  12u

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_function(const struct frame *a, const struct frame *b)
{
	if (!a || !b)
		return a == b;
	if (a->function || b->function)
		return same_text(a->function, b->function);
	return a->address == b->address;
}

static bool same_place(const struct frame *a, const struct frame *b)
{
	if (!a || !b)
		return a == b;
	return a->line == b->line && same_text(a->file, b->file);
}

static bool same_labels(const struct task *a, const struct task *b)
{
	if (a->nr_labels != b->nr_labels)
		return false;
	for (size_t i = 0; i < a->nr_labels; i++)
		if (!same_text(a->labels[i].key, b->labels[i].key) ||
		    !same_text(a->labels[i].text, b->labels[i].text))
			return false;
	return true;
}

static const char *waits_text(const struct task *task)
{
	return task->waits.kind && task->waits.text ? task->waits.text : "";
}

bool column_same_cell(enum column_id id, const struct task *a, const struct task *b)
{
	const struct frame *one, *other;

	switch (id) {
	case COLUMN_PID:
		return a->pid == b->pid;
	case COLUMN_PROCESS:
		return same_text(task_more(a)->process, task_more(b)->process);
	case COLUMN_WAITS:
		/* One address in two processes is two objects. */
		return same_text(waits_text(a), waits_text(b)) &&
		       (a->pid == b->pid || a->waits.address == 0 ||
			a->waits.address != b->waits.address);
	case COLUMN_NAME:
		return same_text(a->name, b->name);
	case COLUMN_FUNCTION:
		return a->stack == b->stack ||
		       same_function(task_top_frame(a), task_top_frame(b));
	case COLUMN_LOCATION:
		return a->stack == b->stack ||
		       same_place(task_top_frame(a), task_top_frame(b));
	case COLUMN_CREATED:
		if (a->created_by == b->created_by)
			return same_text(task_more(a)->creator_name,
					 task_more(b)->creator_name);
		one = task_creator_frame(a);
		other = task_creator_frame(b);
		return same_function(one, other) && same_place(one, other) &&
		       same_text(task_more(a)->creator_name, task_more(b)->creator_name);
	case COLUMN_CPU: /* as shown: with one decimal */
		return (a->cpu_percent >= 0) == (b->cpu_percent >= 0) &&
		       (!(a->cpu_percent >= 0) ||
			(int)(a->cpu_percent * 10 + 0.5f) ==
				(int)(b->cpu_percent * 10 + 0.5f));
	case COLUMN_SWITCHES:
		return a->switches == b->switches;
	case COLUMN_LABELS:
		return a->labels == b->labels ? a->nr_labels == b->nr_labels
					      : same_labels(a, b);
	default:
		return false;
	}
}

static bool is_empty(enum column_id id, const struct task *task)
{
	char text[COLUMN_TEXT_MAX];
	const char *cell = column_format(id, task, 0, text);

	return cell[0] == '\0' || strcmp(cell, "-") == 0;
}

static const struct task *task_at(const struct snapshot *s,
				  const struct column_rows *rows, size_t row)
{
	return &s->tasks[*(const uint32_t *)((const char *)rows->first +
					     row * rows->stride)];
}

/* Whether a column may say the same of all rows. Which task, in which state, since when is
 * always to be seen; and what the tasks wait on is what one looks for, even if it is the
 * same. */
static bool may_be_same(enum column_id id, bool empty, size_t nr_rows)
{
	if (id == COLUMN_MARK || id == COLUMN_ID || id == COLUMN_STATE ||
	    id == COLUMN_AGE)
		return false;
	return empty ||
	       (nr_rows >= ROWS_MIN && id != COLUMN_WAITS && id != COLUMN_FUNCTION);
}

/* Has the processor bring what is compared of a row that comes later. */
static void bring_row(const struct snapshot *s, const struct column_rows *rows,
		      size_t row)
{
	const struct task *task;

	if (row + BEFORE_ROWS >= rows->count)
		return;
	task = task_at(s, rows, row + BEFORE_ROWS);
	__builtin_prefetch(task);
	__builtin_prefetch(&task->more);
	__builtin_prefetch(&task->labels);
	__builtin_prefetch(&task->cpu_percent);
}

/* One pass for all columns: with many rows, fetching the tasks is what takes the time. */
static void judge(const struct snapshot *s, const struct column_rows *rows,
		  enum column_news out[COLUMN_COUNT])
{
	const struct task *first = task_at(s, rows, 0);
	enum column_id left[COLUMN_COUNT];
	size_t nr_left = 0;

	for (int id = 0; id < COLUMN_COUNT; id++) {
		bool empty = is_empty((enum column_id)id, first);

		if (!may_be_same((enum column_id)id, empty, rows->count))
			continue;
		out[id] = empty ? COLUMN_EMPTY : COLUMN_SAME;
		left[nr_left++] = (enum column_id)id;
	}
	for (size_t i = 1; i < rows->count && nr_left > 0; i++) {
		const struct task *task = task_at(s, rows, i);

		bring_row(s, rows, i);
		for (size_t n = 0; n < nr_left; n++) {
			if (column_same_cell(left[n], first, task))
				continue;
			out[left[n]] = COLUMN_VARIES;
			left[n--] = left[--nr_left];
		}
	}
}

static bool name_is_function(const struct task *task)
{
	const struct frame *top = task_top_frame(task);

	return top && top->function && same_text(task->name, top->function);
}

/* In a target that is several processes. */
static bool name_is_process(const struct task *task)
{
	return task_more(task)->process &&
	       same_text(task->name, task_more(task)->process);
}

/* Counts the rows that repeat another column: all rows as long as every one does,
 * otherwise enough of them. */
static size_t count_repeats(const struct snapshot *s, const struct column_rows *rows,
			    bool (*repeats)(const struct task *), size_t *seen)
{
	size_t equal = 0;

	for (*seen = 0; *seen < rows->count && (*seen < REPEATS_ROWS || equal == *seen);
	     (*seen)++)
		equal += repeats(task_at(s, rows, *seen));
	return equal;
}

static enum column_news judge_name(const struct snapshot *s,
				   const struct column_rows *rows)
{
	size_t functions, processes, seen, looked;

	functions = count_repeats(s, rows, name_is_function, &seen);
	processes = count_repeats(s, rows, name_is_process, &looked);
	return functions == seen                                  ? COLUMN_REPEATS
	       : processes == looked                              ? COLUMN_REPEATS_PROCESS
	       : 2 * functions >= seen || 2 * processes >= looked ? COLUMN_MOSTLY_REPEATS
								  : COLUMN_VARIES;
}

void column_news(const struct snapshot *snapshot, const struct column_rows *rows,
		 enum column_news out[COLUMN_COUNT])
{
	enum column_news name;

	for (int id = 0; id < COLUMN_COUNT; id++)
		out[id] = COLUMN_VARIES;
	if (rows->count > 0)
		judge(snapshot, rows, out);
	if (rows->count == 0 || out[COLUMN_NAME] == COLUMN_EMPTY)
		return;
	name = judge_name(snapshot, rows);
	if (out[COLUMN_NAME] == COLUMN_VARIES || name == COLUMN_REPEATS ||
	    name == COLUMN_REPEATS_PROCESS)
		out[COLUMN_NAME] = name;
}
