/* SPDX-License-Identifier: MIT */
#include "tui/members.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/order.h"

#define CLASSES_SHOWN 3

static const struct member_column_info columns[MEMBER_COLUMNS] = {
	[MEMBER_PID] = {"PID", "process id", .min_width = 3, .max_width = 10,
			.right = true},
	[MEMBER_PROCESS] = {"PROCESS", "name of the program", .min_width = 7,
			    .max_width = 16, .priority = 1},
	[MEMBER_TASKS] = {"TASKS", "its threads, goroutines and coroutines",
			  .min_width = 5, .max_width = 10, .priority = 2, .right = true,
			  .descending = true},
	[MEMBER_STUCK] = {"STUCK", "tasks that are stuck", .min_width = 5,
			  .max_width = 10, .priority = 3, .right = true,
			  .descending = true},
	[MEMBER_LONG] = {"LONG", "tasks that wait for long", .min_width = 4,
			 .max_width = 10, .priority = 4, .right = true,
			 .descending = true},
	[MEMBER_CLASSES] = {"CLASSES", "its tasks by class, the most first",
			    .min_width = 8, .max_width = 36, .priority = 7},
	[MEMBER_CPU] = {"CPU%", "of one CPU", .min_width = 4, .max_width = 6,
			.priority = 6, .right = true, .descending = true},
	[MEMBER_RSS] = {"RSS", "resident memory", .min_width = 5, .max_width = 6,
			.priority = 8, .right = true, .descending = true},
	[MEMBER_FDS] = {"FDS", "open descriptors", .min_width = 4, .max_width = 8,
			.priority = 9, .right = true, .descending = true},
	[MEMBER_CHILDREN] = {"CHILDREN", "processes that it has started", .min_width = 8,
			     .max_width = 8, .priority = 12, .right = true,
			     .descending = true},
	[MEMBER_UP] = {"UP", "how long it has been running", .min_width = 5,
		       .max_width = 8, .priority = 10, .right = true, .descending = true},
	[MEMBER_SOURCE] = {"SOURCE", "how it is watched, and its runtime", .min_width = 6,
			   .max_width = 28, .priority = 11},
	[MEMBER_TROUBLE] = {"TROUBLE", "why it cannot be read, and what to do",
			    .min_width = 8, .priority = 5},
};

const struct member_column_info *member_column_info(int column)
{
	return &columns[column];
}

const char *member_name(const struct member_process *member, char out[MEMBER_TEXT_MAX])
{
	snprintf(out, MEMBER_TEXT_MAX, "%.64s %d", member->name, (int)member->pid);
	return out;
}

static int64_t up_ns(const struct tui *t, const struct member_process *member)
{
	const struct snapshot *s = t->snapshot;

	return member->start_real_ns > 0
		       ? s->real_ns - member->start_real_ns + (t->now_ns - s->mono_ns)
		       : -1;
}

/* Writes "lock 12, io 3, timer 1". */
static const char *classes_cell(const struct member_row *row, char *out)
{
	bool said[CLASS_COUNT] = {false};
	size_t used = 0;

	out[0] = '\0';
	for (int i = 0; i < CLASSES_SHOWN; i++) {
		int best = -1;

		for (int class = 0; class < CLASS_COUNT; class ++)
			if (!said[class] && row->by_class[class] > 0 &&
			    (best < 0 || row->by_class[class] > row->by_class[best]))
				best = class;
		if (best < 0)
			break;
		said[best] = true;
		used += (size_t)snprintf(out + used, MEMBER_TEXT_MAX - used, "%s%s %u",
					 used > 0 ? ", " : "",
					 state_class_name((enum task_class)best),
					 row->by_class[best]);
	}
	return out;
}

static const char *number_cell(int64_t number, char *out)
{
	if (number < 0)
		return "-";
	snprintf(out, MEMBER_TEXT_MAX, "%lld", (long long)number);
	return out;
}

static const char *source_cell(const struct member_process *member, char *out)
{
	snprintf(out, MEMBER_TEXT_MAX, "%.120s%s%.60s",
		 member->sources[0] != '\0' ? member->sources : "-",
		 member->runtime ? " " : "", member->runtime ? member->runtime : "");
	return out;
}

const char *member_cell(const struct tui *t, const struct member_row *row, int column,
			char out[MEMBER_TEXT_MAX])
{
	const struct member_process *member = row->process;
	const struct resources *r = &member->resources;
	int64_t up;

	switch (column) {
	case MEMBER_PID:
		return number_cell(member->pid, out);
	case MEMBER_PROCESS:
		return member->name;
	case MEMBER_TASKS: /* of one that cannot be read, nothing is known */
		return member->trouble ? "-" : number_cell(member->tasks, out);
	case MEMBER_STUCK:
		return number_cell(member->stuck, out);
	case MEMBER_LONG:
		return number_cell(member->is_long, out);
	case MEMBER_CLASSES:
		return member->trouble ? "" : classes_cell(row, out);
	case MEMBER_CPU:
		if (!(r->cpu_percent >= 0))
			return "-";
		snprintf(out, MEMBER_TEXT_MAX, "%.1f", r->cpu_percent);
		return out;
	case MEMBER_RSS:
		return r->rss_bytes < 0 ? "-" : text_size(r->rss_bytes, out);
	case MEMBER_FDS:
		return number_cell(r->fds, out);
	case MEMBER_CHILDREN:
		return number_cell(r->children, out);
	case MEMBER_UP:
		up = up_ns(t, member);
		return up < 0 ? "-" : clock_format_duration(up, out);
	case MEMBER_SOURCE:
		return source_cell(member, out);
	default:
		return member->trouble ? member->trouble : "";
	}
}

static double number_of(const struct member_row *row, int column)
{
	const struct member_process *member = row->process;
	const struct resources *r = &member->resources;

	switch (column) {
	case MEMBER_TASKS:
		return member->trouble ? -1 : (double)member->tasks;
	case MEMBER_STUCK:
		return member->stuck;
	case MEMBER_LONG:
		return member->is_long;
	case MEMBER_CPU:
		return r->cpu_percent;
	case MEMBER_RSS:
		return (double)r->rss_bytes;
	case MEMBER_FDS:
		return (double)r->fds;
	case MEMBER_CHILDREN:
		return (double)r->children;
	case MEMBER_UP:
		return -(double)member->start_real_ns;
	default:
		return member->pid;
	}
}

struct order {
	const struct tui *t;
	int column;
	bool descending;
};

static int compare_rows(const void *left, const void *right, void *arg)
{
	const struct order *order = arg;
	const struct member_row *a = left, *b = right;
	double one = number_of(a, order->column), other = number_of(b, order->column);
	char text_a[MEMBER_TEXT_MAX], text_b[MEMBER_TEXT_MAX];
	int result = ORDER(one, other);

	if (!columns[order->column].right)
		result = strcasecmp(member_cell(order->t, a, order->column, text_a),
				    member_cell(order->t, b, order->column, text_b));
	if (result != 0)
		return order->descending ? -result : result;
	return ORDER(a->process->pid, b->process->pid);
}

static void count_classes(const struct snapshot *s, struct member_rows *rows)
{
	struct member_row *row = NULL;

	for (size_t i = 0; i < s->nr_tasks; i++) {
		const struct task *task = &s->tasks[i];
		const struct member_process *member;

		/* Tasks of one process follow each other. */
		if (!row || row->process->pid != task->pid) {
			member = snapshot_member(s, task->pid);
			row = member ? &rows->list[member - s->members] : NULL;
		}
		if (row)
			row->by_class[state_info(task->state)->class] +=
				task_weight(task);
	}
}

void member_rows_fill(struct tui *t, struct member_rows *rows, int column,
		      bool descending)
{
	const struct snapshot *s = t->snapshot;
	struct order order = {t, column, descending};

	rows->count = 0;
	if (!s || !array_reserve(&rows->list, &rows->capacity, s->nr_members))
		return;
	rows->count = s->nr_members;
	for (size_t i = 0; i < rows->count; i++)
		rows->list[i] = (struct member_row){.process = &s->members[i]};
	count_classes(s, rows);
	if (rows->count > 1)
		qsort_r(rows->list, rows->count, sizeof(*rows->list), compare_rows,
			&order);
}

void member_rows_release(struct member_rows *rows)
{
	free(rows->list);
	memset(rows, 0, sizeof(*rows));
}
