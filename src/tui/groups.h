/* SPDX-License-Identifier: MIT */
/* State of the groups view, shared by view_groups.c (cursor and keys), groups_columns.c
 * (columns and cells), groups_rows.c (selection and order) and groups_draw.c. */
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
	GROUP_COLUMN_HOLDS,
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
	/* The sort key. */
	double key;
	const char *text;
	int direction;
};

/* What the user has said about a group in this session. It overrides the snapshot's
 * groups. */
struct group_word {
	enum group_by by;
	struct group_identity identity;
	bool acknowledged;
};

struct groups_view {
	enum group_by by;
	struct group_row *rows; /* 2 * GROUPS_MAX entries */
	struct group_change *changes;
	size_t count, all, nr_leaks;
	uint32_t *index;    /* hash table of rows by identity, for the filters */
	struct arena arena; /* texts of the sort column */
	bool stale;
	uint64_t fills; /* how often the rows were selected */

	bool at_identity;
	struct group_identity identity; /* of the group under the cursor */
	size_t at, top;
	bool hide_acknowledged;
	bool told; /* some group's holds were read: there is a column for them */
	struct group_word words[GROUPS_ACKNOWLEDGED_MAX];
	size_t nr_words;

	struct table table; /* its sort column is an enum group_column */
};

const struct group_column_info *group_column_info(enum group_column id);
/* Formats a cell. `cells` is the width of the trend line. */
const char *group_cell(const struct tui *t, const struct group_row *row,
		       enum group_column id, int cells, char out[COLUMN_TEXT_MAX]);
/* Selects and sorts the rows of t->snapshot, which must not be NULL. */
void groups_fill(struct tui *t, struct groups_view *v);
bool group_acknowledged(const struct groups_view *v, const struct group *group);
/* The hash of what identifies a group. */
uint64_t group_hash(const struct group *group);
/* Returns whether a search looks at the column: a text. */
bool groups_searched(enum group_column id);
void groups_columns(struct groups_view *v);
void groups_draw(struct tui *t, void *ctx, struct area body);
/* Toggles whether the group is acknowledged. The group must belong to t->snapshot. */
void group_acknowledge(struct tui *t, const struct group *group);

#endif
