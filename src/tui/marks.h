/* SPDX-License-Identifier: MIT */
/* Keys of marks and of the recording that is written. */
#ifndef TUI_MARKS_H
#define TUI_MARKS_H

#include "tui/state.h"

/* ACTION_MARK, ACTION_NEXT_MARK, ACTION_CHANGES. */
void marks_act(struct tui *t, enum action action);
/* "the start 10:03:00", "mark 2 10:04:05", or "". */
#define MARK_TEXT_MAX 48
const char *mark_text(const struct tui *t, char out[MARK_TEXT_MAX]);
/* The sign of the recording that is being written, or "". */
const char *recorder_text(const struct tui *t, char out[MARK_TEXT_MAX]);
void recorder_toggle(struct tui *t);
/* After news of the feed: what it was before. */
void recorder_update(struct tui *t, const struct feed_recorder *before);

#endif
