/* SPDX-License-Identifier: MIT */
/* State of the pane that shows what a task holds, or what the tasks of a group hold in
 * common. Shared by view_holds.c (asking, keys) and held_lines.c (the page). */
#ifndef TUI_HELD_H
#define TUI_HELD_H

#include "core/holds_group.h"
#include "tui/lines.h"
#include "tui/state.h"

#define HELD_NAME_MAX 300

struct held_view {
	bool set;
	bool grouped; /* it shows a group, otherwise a task */
	enum view_id from;
	struct identity id; /* of the task, or of the member that is shown */
	enum group_by by;
	struct group_identity group;
	char name[HELD_NAME_MAX]; /* of the group */

	bool waiting;      /* for a snapshot with what was asked for */
	uint64_t request;  /* its number, see feed_state.holds */
	size_t asked, all; /* of the group: members that were asked, and all members */
	/* The snapshot that has the holds; a reference, or NULL. */
	struct snapshot *snapshot;
	const struct task *task; /* points into it */
	const struct holds_group *common;
	struct arena arena; /* of common */

	bool fresh; /* it was read since the page was drawn */
	struct lines lines;
	/* What the line with command i + 1 is about, and its text in full; in the arena of
	 * the lines. */
	const struct held **helds;
	const char **texts;
	size_t nr_helds;
};

void held_build(struct tui *t, struct held_view *v, int width);
/* Draws everything about the line under the cursor, wrapped. */
void held_draw_detail(const struct tui *t, const struct held_view *v, struct area area);
/* Returns whether the line has the pattern, also where it is cut. */
bool held_line_has(const struct held_view *v, size_t line, const struct pattern *pattern);

#endif
