/* SPDX-License-Identifier: MIT */
/* State of the detail view, shared by view_detail.c (task, cursor) and detail_lines.c
 * (lines of the page). */
#ifndef TUI_DETAIL_H
#define TUI_DETAIL_H

#include "tui/excerpt.h"
#include "tui/lines.h"
#include "tui/state.h"

#define DETAIL_BACK_MAX    32
#define DETAIL_WAITERS_MAX 500

struct detail {
	struct identity id;
	struct snapshot *snapshot; /* a reference to the last one that has the task */
	const struct task *task;   /* points into snapshot, or NULL */
	bool ended;
	int64_t ended_ns; /* mono_ns of the first snapshot without the task */

	struct identity back[DETAIL_BACK_MAX];
	size_t nr_back;

	/* Updated once per snapshot. */
	uint32_t waiters[DETAIL_WAITERS_MAX]; /* indices of tasks */
	size_t nr_waiters, all_waiters;
	const struct task *owner, *creator;
	struct history_entry history[TRACK_HISTORY_MAX];
	size_t nr_history;
	struct excerpt excerpt;

	struct lines lines;
};

void detail_build(struct tui *t, struct detail *v, int width);

#endif
