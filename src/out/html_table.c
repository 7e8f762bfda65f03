/* SPDX-License-Identifier: MIT */
/* Tables: the stuck tasks, and the processes of a target that is several. On a narrow
 * screen each row becomes a list, for which each cell has the title of its column. */
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "core/column.h"
#include "core/rows.h"
#include "out/html.h"

#define ROWS_MAX   200u
#define ROWS_OPEN  12u
#define CELL_CELLS 160 /* longer texts are cut */

struct table_column {
	const char *title;
	enum column_id id; /* or COLUMN_COUNT: who holds it */
	const char *class; /* of its cells */
	bool code;
};

static const struct table_column stuck_columns[] = {
	{"Task", COLUMN_ID, "short", true},
	{"Process", COLUMN_PROCESS, "short", false},
	{"State", COLUMN_STATE, "short", false},
	{"For", COLUMN_AGE, "short", false},
	{"Name", COLUMN_NAME, "long", false},
	{"Waits on", COLUMN_WAITS, "long", false},
	{"Held by", COLUMN_COUNT, "short", true},
	{"Where", COLUMN_FUNCTION, "long", true}, /* and the location below */
};
#define STUCK_COLUMNS ARRAY_COUNT(stuck_columns)

static void put_head(struct buf *out, const char *title)
{
	buf_puts(out, "<th scope=\"col\">");
	html_put(out, title);
	buf_puts(out, "</th>");
}

static void begin_cell(struct buf *out, const struct table_column *column)
{
	buf_printf(out, "<td class=\"%s\" data-of=\"%s\">%s", column->class,
		   column->title, column->code ? "<code>" : "");
}

static void end_cell(struct buf *out, const struct table_column *column)
{
	buf_puts(out, column->code ? "</code></td>" : "</td>");
}

static void put_cell(struct buf *out, const struct table_column *column, const char *text)
{
	begin_cell(out, column);
	html_put_cut(out, text, CELL_CELLS);
	end_cell(out, column);
}

/* Appends who holds what the task waits for, as a link if that task is in the table. */
static void put_holder(struct buf *out, const struct snapshot *snapshot,
		       const struct rows *rows, const struct table_column *column,
		       const struct task *task)
{
	char owner[TASK_ID_MAX], id[TASK_ID_MAX];
	const char *text = task_format_owner(task, owner);
	bool here = false;

	for (size_t i = 0; text && i < rows->count && i < ROWS_MAX && !here; i++)
		here = strcmp(text,
			      task_format_id(&snapshot->tasks[rows->index[i]], id)) == 0;
	begin_cell(out, column);
	if (here)
		buf_printf(out, "<a href=\"#task-%s\">%s</a>", text, text);
	else if (text)
		html_put(out, text);
	end_cell(out, column);
}

static void put_where(struct buf *out, const struct table_column *column,
		      const struct task *task)
{
	char text[COLUMN_TEXT_MAX];

	begin_cell(out, column);
	html_put_cut(out, column_format(COLUMN_FUNCTION, task, 0, text), CELL_CELLS);
	buf_puts(out, "</code> <span class=\"place\">");
	html_put_cut(out, column_format(COLUMN_LOCATION, task, 0, text), CELL_CELLS);
	buf_puts(out, "</span></td>");
}

/* Returns whether the cell says something. Goroutines are named by their function, and
 * threads often by their process. */
static bool is_telling(const struct snapshot *snapshot, const struct table_column *column,
		       const struct task *task)
{
	const struct frame *frame = task_top_frame(task);
	char text[COLUMN_TEXT_MAX];

	if (column->id == COLUMN_COUNT)
		return task_format_owner(task, text) != NULL;
	if (column_is_of_processes(column->id))
		return snapshot->nr_members > 0;
	if (column->id == COLUMN_NAME && strcmp(task->name, snapshot->target.name) == 0)
		return false;
	if (column->id == COLUMN_NAME && frame && frame->function &&
	    strcmp(frame->function, task->name) == 0)
		return false;
	return column_format(column->id, task, snapshot->mono_ns, text)[0] != '\0';
}

/* Columns without content are left out. */
static bool is_shown(const struct snapshot *snapshot, const struct rows *rows,
		     const struct table_column *column)
{
	for (size_t i = 0; i < rows->count && i < ROWS_MAX; i++)
		if (is_telling(snapshot, column, &snapshot->tasks[rows->index[i]]))
			return true;
	return false;
}

static void put_row(struct buf *out, const struct snapshot *snapshot,
		    const struct rows *rows, const struct task *task,
		    const bool shown[STUCK_COLUMNS])
{
	char id[TASK_ID_MAX], text[COLUMN_TEXT_MAX];

	buf_printf(out, "<tr id=\"task-%s\">", task_format_id(task, id));
	for (size_t i = 0; i < STUCK_COLUMNS; i++) {
		const struct table_column *column = &stuck_columns[i];

		if (!shown[i])
			continue;
		if (column->id == COLUMN_COUNT)
			put_holder(out, snapshot, rows, column, task);
		else if (column->id == COLUMN_FUNCTION)
			put_where(out, column, task);
		else
			put_cell(
				out, column,
				column_format(column->id, task, snapshot->mono_ns, text));
	}
	buf_puts(out, "</tr>\n");
}

static void put_some_rows(struct buf *out, const struct snapshot *snapshot,
			  const struct rows *rows, size_t from, size_t to)
{
	bool shown[STUCK_COLUMNS];

	buf_puts(out, "<div class=\"scroll\"><table>\n<thead><tr>");
	for (size_t i = 0; i < STUCK_COLUMNS; i++) {
		shown[i] = is_shown(snapshot, rows, &stuck_columns[i]);
		if (shown[i])
			put_head(out, stuck_columns[i].title);
	}
	buf_puts(out, "</tr></thead>\n<tbody>\n");
	for (size_t i = from; i < to; i++)
		put_row(out, snapshot, rows, &snapshot->tasks[rows->index[i]], shown);
	buf_puts(out, "</tbody>\n</table></div>\n");
}

/* Only the first rows are unfolded. */
static void put_rows(struct buf *out, const struct snapshot *snapshot,
		     const struct rows *rows)
{
	size_t count = rows->count < ROWS_MAX ? rows->count : ROWS_MAX;
	size_t open = count > ROWS_OPEN + 3 ? ROWS_OPEN : count;

	if (count < rows->count)
		buf_printf(out, "<h3>The oldest %zu of %zu stuck tasks</h3>\n", count,
			   rows->count);
	else
		buf_printf(out, "<h3>%s</h3>\n",
			   count == 1 ? "The stuck task"
				      : "All stuck tasks, oldest first");
	put_some_rows(out, snapshot, rows, 0, open);
	if (open == count)
		return;
	buf_printf(out, "<details><summary>%zu more</summary>\n", count - open);
	put_some_rows(out, snapshot, rows, open, count);
	buf_puts(out, "</details>\n");
}

void html_stuck(const struct report_style *style, struct buf *out)
{
	const struct snapshot *snapshot = style->request->snapshot;
	const struct rows_options options = {
		.class = -1, .only_stuck = true, .sort = {COLUMN_AGE, true}};
	struct rows rows;

	rows_init(&rows);
	if (rows_update(&rows, snapshot, &options, snapshot->mono_ns, NULL) == 0 &&
	    rows.count > 0)
		put_rows(out, snapshot, &rows);
	rows_release(&rows);
}

static const struct table_column member_columns[] = {
	{"Process", COLUMN_COUNT, "short", true},
	{"Name", COLUMN_COUNT, "long", false},
	{"Memory", COLUMN_COUNT, "short", false},
	{"Read through", COLUMN_COUNT, "long", false},
	{"Trouble", COLUMN_COUNT, "long", false},
};

/* trouble: there is a column for it. */
static void put_member(struct buf *out, const struct member_process *member, bool trouble)
{
	char text[REPORT_VALUE_MAX];
	int64_t rss_bytes = member->resources.rss_bytes;

	buf_puts(out, "<tr>");
	snprintf(text, sizeof(text), "%d", (int)member->pid);
	put_cell(out, &member_columns[0], text);
	put_cell(out, &member_columns[1], member->name);
	report_value(UNIT_BYTES, (double)rss_bytes, text);
	put_cell(out, &member_columns[2], rss_bytes >= 0 ? text : "");
	put_cell(out, &member_columns[3], member->sources);
	if (trouble)
		put_cell(out, &member_columns[4], member->trouble ? member->trouble : "");
	buf_puts(out, "</tr>\n");
}

void html_members(const struct report_style *style, struct buf *out)
{
	const struct snapshot *snapshot = style->request->snapshot;
	size_t count = snapshot->nr_members;
	bool trouble = false;

	if (count == 0)
		return;
	for (size_t i = 0; i < count; i++)
		trouble |= snapshot->members[i].trouble != NULL;
	buf_printf(out, "<section id=\"members\">\n<h2>%zu process%s</h2>\n", count,
		   count == 1 ? "" : "es");
	buf_puts(out, "<div class=\"scroll\"><table>\n<thead><tr>");
	for (size_t i = 0; i + !trouble < ARRAY_COUNT(member_columns); i++)
		put_head(out, member_columns[i].title);
	buf_puts(out, "</tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < count && i < ROWS_MAX; i++)
		put_member(out, &snapshot->members[i], trouble);
	buf_puts(out, "</tbody>\n</table></div>\n");
	if (count > ROWS_MAX)
		buf_printf(out, "<p>%zu more processes are left out.</p>\n",
			   count - ROWS_MAX);
	buf_puts(out, "</section>\n");
}
