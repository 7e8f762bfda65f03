/* SPDX-License-Identifier: MIT */
/* What a group's page says about the way back to the program's own code. */
#ifndef TUI_GROUP_WAY_H
#define TUI_GROUP_WAY_H

#include "core/wayback.h"
#include "tui/lines.h"

void group_say_way(struct page *page, const struct group *group,
		   const struct wayback *way);

#endif
