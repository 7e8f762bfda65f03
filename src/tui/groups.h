/* SPDX-License-Identifier: MIT */
/* State of the groups view, shared by its files: view_groups.c (cursor and keys),
 * groups_columns.c (columns and cells), groups_rows.c (which groups, in which order),
 * groups_draw.c. */
#ifndef TUI_GROUPS_H
#define TUI_GROUPS_H

#include "base/arena.h"
#include "core/group.h"
#include "core/mark.h"
#include "tui/state.h"
#include "tui/table.h"

#define GROUPS_ACKNOWLEDGED_MAX 64

enum group_column {
	GROUP_COLUMN_MARK,
	GROUP_COLUMN_FUNCTION,
	GROUP_COLUMN_CREATED,
	GROUP_COLUMN_STATE,
	GROUP_COLUMN_LABEL,
	GROUP_COLUMN_COUNT,
	GROUP_COLUMN_CHANGE,
	GROUP_COLUMN_RATE,
	GROUP_COLUMN_OLDEST,
	GROUP_COLUMN_CAME,
	GROUP_COLUMN_LEFT,
	GROUP_COLUMN_TREND,
	GROUP_COLUMN_VERDICT,
	GROUP_COLUMN_LOCATION,
	GROUP_COLUMNS,
};

struct group_column_info {
	const char *title;
	const char *help;
	int min_width, max_width, priority;
	bool right, text, descending;
};

struct group_row {
	const struct group *group;
	enum change change;
	int64_t difference; /* of the count since the mark */
	uint32_t matches;   /* tasks that pass the filters */
	bool acknowledged;
	/* What it is sorted by. */
	double key;
	const char *text;
	int direction;
};

/* What a user has said in this session about a group; goes before what a look says. */
struct group_word {
	enum group_by by;
	struct group_identity identity;
	bool acknowledged;
};

struct groups_view {
	enum group_by by;
	struct group_row *rows; /* 2 * GROUPS_MAX */
	struct group_change *changes;
	size_t count, all, nr_leaks;
	uint32_t *index;    /* rows by identity, for the filters */
	struct arena arena; /* texts of the sorted column */
	bool stale;

	bool at_identity;
	struct group_identity identity; /* of the cursor's group */
	size_t at, top;
	bool hide_acknowledged;
	struct group_word words[GROUPS_ACKNOWLEDGED_MAX];
	size_t nr_words;

	struct table table;
	enum group_column sort;
	bool descending;
};

const struct group_column_info *group_column_info(enum group_column id);
/* The cell as text. cells: of the trend line. */
const char *group_cell(const struct tui *t, const struct group_row *row,
		       enum group_column id, int cells, char out[COLUMN_TEXT_MAX]);
/* Rows of t->snapshot (there is one) as filters, mark and sort want them. */
void groups_fill(struct tui *t, struct groups_view *v);
bool group_acknowledged(const struct groups_view *v, const struct group *group);
void groups_columns(struct groups_view *v);
void groups_draw(struct tui *t, void *ctx, struct area body);
/* Make of acknowledged what it is not; the group is of t->snapshot. */
void group_acknowledge(struct tui *t, const struct group *group);

#endif
