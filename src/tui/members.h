/* SPDX-License-Identifier: MIT */
/* The processes of a target that is several, as rows: what their cells say, and their
 * order. view_members.c shows them. */
#ifndef TUI_MEMBERS_H
#define TUI_MEMBERS_H

#include "tui/state.h"
#include "tui/table.h"

#define MEMBER_TEXT_MAX 256

enum member_column {
	MEMBER_PID,
	MEMBER_PROCESS,
	MEMBER_TASKS,
	MEMBER_STUCK,
	MEMBER_LONG,
	MEMBER_CLASSES,
	MEMBER_CPU,
	MEMBER_RSS,
	MEMBER_FDS,
	MEMBER_CHILDREN,
	MEMBER_UP,
	MEMBER_SOURCE,
	MEMBER_TROUBLE,
	MEMBER_COLUMNS,
};

struct member_column_info {
	const char *title;
	const char *help;
	int min_width, max_width, priority;
	bool right, descending;
};

struct member_row {
	const struct member_process *process; /* in t->snapshot */
	uint32_t by_class[CLASS_COUNT];
};

struct member_rows {
	struct member_row *list;
	size_t count, capacity;
};

const struct member_column_info *member_column_info(int column);
/* Formats a cell. The result may point into `out`. */
const char *member_cell(const struct tui *t, const struct member_row *row, int column,
			char out[MEMBER_TEXT_MAX]);
/* Lists the processes of t->snapshot, ordered by a column. */
void member_rows_fill(struct tui *t, struct member_rows *rows, int column,
		      bool descending);
void member_rows_release(struct member_rows *rows);
/* The table of the view, for tests. */
const struct table *members_table(const struct tui *t);
/* Returns "nginx 4711". */
const char *member_name(const struct member_process *member, char out[MEMBER_TEXT_MAX]);

#endif
