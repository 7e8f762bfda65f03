/* SPDX-License-Identifier: MIT */
/* The views, one file each. app.c alone names them; who wants another one asks for it with
 * tui_switch() or tui_open_…(). */
#ifndef TUI_VIEWS_H
#define TUI_VIEWS_H

#include "tui/state.h"

extern const struct view view_tasks, view_detail, view_processes, view_help, view_waits,
	view_resources, view_groups, view_group;

#endif
