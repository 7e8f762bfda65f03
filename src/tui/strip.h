/* SPDX-License-Identifier: MIT */
/* The states that a task has been in lately, as one line: the oldest on the left, each as
 * wide as it took long, the one of now on the right. */
#ifndef TUI_STRIP_H
#define TUI_STRIP_H

#include "core/track.h"
#include "tui/lines.h"

/* Adds the line to the page. The history is that of track_history(); the last state lasts
 * until until_ns. Adds nothing if there was only one state. */
void page_strip(struct page *page, const char *label, const struct history_entry *history,
		size_t count, int64_t until_ns);

#endif
