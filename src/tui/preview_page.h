/* SPDX-License-Identifier: MIT */
/* What the preview shows: the page of a task or of a group, which follows the cursor. */
#ifndef TUI_PREVIEW_PAGE_H
#define TUI_PREVIEW_PAGE_H

#include "tui/detail.h"
#include "tui/group_page.h"

struct preview_page {
	enum { PREVIEW_NOTHING, PREVIEW_TASK, PREVIEW_GROUP } what;
	struct detail detail;
	struct group_page group;
	int64_t moved_ns; /* when the cursor came here */
	bool stepped;     /* after it had rested: one step, not many */
};

void preview_page_init(struct preview_page *p);
void preview_page_release(struct preview_page *p);
void preview_page_forget(struct preview_page *p);
/* Builds the lines about the subject. `full`: everything, in the order of the view of a
 * task or group. What takes time is left for when the cursor rests. */
void preview_page_build(struct tui *t, struct preview_page *p,
			const struct subject *subject, const struct brief *brief,
			bool full);
/* The lines that were built, or NULL. */
struct lines *preview_page_lines(struct preview_page *p);
/* Writes what it is about: an id with a name. */
const char *preview_page_title(const struct tui *t, const struct preview_page *p,
			       char out[COLUMN_TEXT_MAX], enum role *role);

#endif
