/* SPDX-License-Identifier: MIT */
/* What the footer says about the task table. */
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "tui/tasks.h"

#define SAME_CELLS 40 /* a longer text that is the same in every row is not repeated */

/* Writes "CREATED BY main.main", "the same CREATED BY", "NAME = FUNCTION" or "NAME =
 * PROCESS". */
static void say_left_out(const struct tui *t, const struct tasks *v, enum column_id id,
			 char *out, size_t size)
{
	const struct task *task = tasks_at(t, v, 0);
	char text[COLUMN_TEXT_MAX];
	const char *cell = task ? column_format(id, task, t->now_ns, text) : "";

	if (v->news[id] == COLUMN_REPEATS)
		cell = "= FUNCTION";
	if (v->news[id] == COLUMN_REPEATS_PROCESS)
		cell = "= PROCESS";
	if (text_cells(cell, SAME_CELLS + 1, t->ascii) > SAME_CELLS)
		snprintf(out, size, "the same %s", column_info(id)->title);
	else
		snprintf(out, size, "%s %s", column_info(id)->title, cell);
}

/* Nobody misses a column that is empty or unknown in every row, or the processes of a target
 * that is one. */
static bool is_missed(const struct tui *t, const struct tasks *v,
		      const struct table_column *column)
{
	enum column_id id = (enum column_id)column->id;

	if (!column->left_out || v->news[id] == COLUMN_EMPTY)
		return false;
	return !column_is_of_processes(id) || !t->snapshot || t->snapshot->nr_members > 0;
}

void tasks_left_out_text(const struct tui *t, const struct tasks *v, char *out,
			 size_t size)
{
	static const enum column_news order[] = {COLUMN_SAME, COLUMN_REPEATS,
						 COLUMN_REPEATS_PROCESS};
	const size_t more = sizeof(", 12 more: c");
	size_t used = 0, said = 0, count = 0;
	char text[COLUMN_TEXT_MAX];

	out[0] = '\0';
	for (size_t i = 0; i < v->table.count; i++)
		count += is_missed(t, v, &v->table.columns[i]);
	/* First what says most; as much as there is room for. */
	for (size_t i = 0; i < ARRAY_COUNT(order) * v->table.count; i++) {
		const struct table_column *column = &v->table.columns[i % v->table.count];
		const char *before = said == 0 ? ", all with " : ", ";

		if (!is_missed(t, v, column) ||
		    v->news[column->id] != order[i / v->table.count])
			continue;
		say_left_out(t, v, (enum column_id)column->id, text, sizeof(text));
		if (used + strlen(before) + strlen(text) + more >= size &&
		    v->news[column->id] == COLUMN_SAME)
			snprintf(text, sizeof(text), "the same %s", column->title);
		if (used + strlen(before) + strlen(text) + more >= size)
			continue;
		used += (size_t)sprintf(out + used, "%s%s", before, text);
		said++;
	}
	if (said > 0 && said < count)
		snprintf(out + used, size - used, ", %zu more: c", count - said);
	else if (said < count && size > sizeof(", 12 columns left out: c"))
		snprintf(out, size, ", %zu columns left out: c", count);
}
