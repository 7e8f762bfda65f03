/* SPDX-License-Identifier: MIT */
/* The lines of a group's page that lead back to the program's own code. */
#include "tui/group_way.h"

void group_say_way(struct page *page, const struct group *group,
		   const struct wayback *way)
{
	int width = page->width;
	char text[WAYBACK_TEXT];

	/* Tasks of one state or label may have been made by anything. */
	if (way->nr_steps == 0 || (group->mixed_creators && group->by != GROUP_STACK))
		return;
	page_heading(page, "Who made it%s", group->mixed_creators ? " (the oldest)" : "");
	page->width -= page->width >= LINES_NARROW ? LINES_LABEL_CELLS : 0;
	page_text(page, ROLE_NORMAL, "Made by", NULL, wayback_made(way, text));
	if (wayback_chains(way, text)[0])
		page_text(page, ROLE_NORMAL, "Ancestors", NULL, text);
	if (wayback_shares(way, text)[0])
		page_text(page, ROLE_NORMAL, "Shares", NULL, text);
	page->width = width;
}
