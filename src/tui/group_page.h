/* SPDX-License-Identifier: MIT */
/* What is known about one group, as lines: for the view of a group (view_group.c) and for
 * the preview (preview.c). group_page.c has the group, group_lines.c the lines. */
#ifndef TUI_GROUP_PAGE_H
#define TUI_GROUP_PAGE_H

#include "core/excerpt.h"
#include "core/wayback.h"
#include "tui/group_processes.h"
#include "tui/groups.h"
#include "tui/lines.h"

#define GROUP_EXAMPLES_MAX 12
#define GROUP_LABEL_MAX    160

enum { GROUP_COMMAND_ALL_TASKS = 1 };

struct group_page {
	bool set;
	enum group_by by;
	struct group_identity identity;
	struct snapshot *snapshot; /* a reference */
	struct group group;        /* as in snapshot, or as it was at the mark */
	char label_key[GROUP_LABEL_MAX], label_text[GROUP_LABEL_MAX]; /* of group */
	bool gone;
	bool searched;                         /* the examples are known */
	uint32_t examples[GROUP_EXAMPLES_MAX]; /* oldest first */
	size_t nr_examples;
	char processes[GROUP_PROCESSES_MAX]; /* that its tasks are in, or "" */
	bool way_known;
	struct wayback way; /* of group in snapshot, once it has been drawn */
	struct excerpt excerpt;
	struct lines lines;
};

void group_page_init(struct group_page *page);
void group_page_release(struct group_page *page);
/* Shows no group. */
void group_page_forget(struct group_page *page);
/* Shows a group of the snapshot, whose reference it shares. `gone`: it has no tasks left,
 * and is what it was at the mark. */
void group_page_show(struct group_page *page, struct snapshot *snapshot,
		     const struct group *group, bool gone);
/* Finds examples. Linear in the number of tasks. */
void group_page_search(struct group_page *page);
void group_page_build(struct tui *t, struct group_page *page, int width, int height);

/* What matters most first. */
void group_page_build_brief(struct tui *t, struct group_page *page,
			    const struct brief *brief);
/* Writes what the group has in common: its function, creator, state or label. */
const char *group_page_name(const struct tui *t, const struct group *group,
			    char out[COLUMN_TEXT_MAX]);
/* Opens what the line under the cursor leads to. Returns false if it leads nowhere. */
bool group_page_open_line(struct tui *t, const struct group_page *page);

#endif
