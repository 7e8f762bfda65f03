/* SPDX-License-Identifier: MIT */
/* Filters, and takes the rows in the order of core/task_order.h. */
#include "core/rows.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

void rows_init(struct rows *rows)
{
	memset(rows, 0, sizeof(*rows));
	task_orders_init(&rows->orders);
}

void rows_release(struct rows *rows)
{
	free(rows->index);
	free(rows->shown);
	task_orders_release(&rows->orders);
	rows_init(rows);
}

static int sort_unknown(const char *name, size_t bytes, struct err *e)
{
	char keys[COLUMN_KEYS_MAX], hint[SUGGEST_HINT_MAX];
	struct suggest suggest;

	suggest_init(&suggest, name, bytes);
	column_suggest(&suggest);
	column_keys(keys, sizeof(keys));
	return err_at(e, 0, "unknown column '%.*s' to sort by%s (columns: %s)",
		      (int)(bytes < 40 ? bytes : 40), name, suggest_hint(&suggest, hint),
		      keys);
}

int sort_key_parse(struct sort_key *key, const char *text, struct err *e)
{
	size_t bytes = strcspn(text, ":");
	int column = column_by_name(text, bytes);

	if (column < 0)
		return sort_unknown(text, bytes, e);
	if (text[bytes] == '\0') {
		key->descending = column_info((enum column_id)column)->descending;
	} else if (strcmp(text + bytes, ":desc") == 0) {
		key->descending = true;
	} else if (strcmp(text + bytes, ":asc") == 0) {
		key->descending = false;
	} else {
		return err_at(
			e, (int)bytes + 1,
			"unknown direction '%.20s': write asc or desc, as in age:desc",
			text + bytes + 1);
	}
	key->column = (enum column_id)column;
	return 0;
}

static bool row_is_shown(const struct task *task, const struct rows_options *options,
			 int64_t now_ns)
{
	if (options->class >= 0 && (int)state_info(task->state)->class != options->class)
		return false;
	if (options->only_stuck && !(task->flags & TASK_STUCK))
		return false;
	if (options->hide_idle && (task->flags & (TASK_IDLE | TASK_STUCK)) == TASK_IDLE)
		return false;
	return !options->query || query_match(options->query, task, now_ns);
}

static bool shows_all(const struct rows_options *options)
{
	return options->class < 0 && !options->only_stuck && !options->hide_idle &&
	       !options->query;
}

/* Marks the tasks that pass, and lists them in rows->index. */
static void rows_filter(struct rows *rows, const struct snapshot *snapshot,
			const struct rows_options *options, int64_t now_ns)
{
	if (options->query)
		query_begin(options->query, snapshot);
	rows->count = 0;
	if (shows_all(options)) { /* no task needs to be looked at */
		memset(rows->shown, true, snapshot->nr_tasks);
		for (size_t i = 0; i < snapshot->nr_tasks; i++)
			rows->index[rows->count++] = (uint32_t)i;
		return;
	}
	for (size_t i = 0; i < snapshot->nr_tasks; i++) {
		query_bring(options->query, snapshot, i);
		rows->shown[i] = row_is_shown(&snapshot->tasks[i], options, now_ns);
		if (rows->shown[i])
			rows->index[rows->count++] = (uint32_t)i;
	}
}

/* Copies the tasks that pass, in their order. In a descending one the groups of equal
 * tasks are the other way round, not the tasks in them. */
static void rows_copy(struct rows *rows, const struct task_order *order, bool descending)
{
	rows->count = 0;
	for (size_t i = 0; i < order->nr_groups; i++) {
		size_t group = descending ? order->nr_groups - 1 - i : i;
		size_t end = group + 1 < order->nr_groups ? order->groups[group + 1]
							  : order->count;

		for (size_t at = order->groups[group]; at < end; at++)
			if (rows->shown[order->list[at]])
				rows->index[rows->count++] = order->list[at];
	}
}

int rows_update(struct rows *rows, const struct snapshot *snapshot,
		const struct rows_options *options, int64_t now_ns, struct err *e)
{
	enum column_id column = options->sort.column;
	size_t count = snapshot->nr_tasks;
	const struct task_order *order;
	size_t few;

	rows->count = 0;
	if (count == 0)
		return 0;
	if (!array_reserve(&rows->index, &rows->capacity, count) ||
	    !array_reserve(&rows->shown, &rows->cap_shown, count))
		return err_set(e, ERR_NOMEM, "no memory to sort %zu tasks", count);
	rows_filter(rows, snapshot, options, now_ns);
	/* All are sorted only for the second filter of a snapshot, and if they are not many
	 * more. */
	few = rows->last_number == snapshot->number ? count / 4 : count / 4 * 3;
	rows->last_number = snapshot->number;
	if (rows->count < few &&
	    !task_orders_known(&rows->orders, snapshot, column, now_ns))
		order = task_orders_some(&rows->orders, snapshot, rows->index,
					 rows->count, column, now_ns);
	else
		order = task_orders_all(&rows->orders, snapshot, column, now_ns);
	if (!order)
		return err_set(e, ERR_NOMEM, "no memory to sort %zu tasks", count);
	rows_copy(rows, order, options->sort.descending);
	return 0;
}

static int rank_of(const struct task *task)
{
	return task->flags & (TASK_DEADLOCK | TASK_STUCK | TASK_UNREACHABLE) ? 0
	       : task->flags & TASK_LONG                                     ? 1
	       : task->flags & TASK_IDLE                                     ? 3
									     : 2;
}

void rows_put_marked_first(struct rows *rows, const struct snapshot *snapshot)
{
	uint32_t *from = malloc((rows->count + 1) * sizeof(*from));
	size_t nr = 0;

	if (!from)
		return;
	memcpy(from, rows->index, rows->count * sizeof(*from));
	for (int rank = 0; rank <= 3; rank++)
		for (size_t i = 0; i < rows->count; i++)
			if (rank_of(&snapshot->tasks[from[i]]) == rank)
				rows->index[nr++] = from[i];
	free(from);
}

ssize_t rows_find(const struct rows *rows, const struct snapshot *snapshot,
		  enum task_kind kind, uint64_t id, uint64_t serial)
{
	for (size_t i = 0; i < rows->count; i++) {
		const struct task *task;

		/* The rows may belong to the previous snapshot. */
		if (rows->index[i] >= snapshot->nr_tasks)
			continue;
		task = &snapshot->tasks[rows->index[i]];
		if (task->id == id && task->kind == kind && task->serial == serial)
			return (ssize_t)i;
	}
	return -1;
}
