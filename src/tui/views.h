/* SPDX-License-Identifier: MIT */
/* The views, one file each. Only app.c refers to them; a view requests another one with
 * tui_switch() or tui_open_…(). */
#ifndef TUI_VIEWS_H
#define TUI_VIEWS_H

#include "tui/state.h"

extern const struct view view_tasks, view_detail, view_processes, view_help, view_waits,
	view_resources, view_groups, view_group, view_holds, view_members;

#endif
