/* SPDX-License-Identifier: MIT */
/* The keys for marks and for recording. */
#ifndef TUI_MARKS_H
#define TUI_MARKS_H

#include "tui/state.h"

/* Handles ACTION_MARK, ACTION_NEXT_MARK and ACTION_CHANGES. */
void marks_act(struct tui *t, enum action action);
/* Formats "the start 10:03:00", "mark 2 10:04:05", or "". */
#define MARK_TEXT_MAX 48
const char *mark_text(const struct tui *t, char out[MARK_TEXT_MAX]);
/* Formats the indicator of a recording in progress, or "". */
const char *recorder_text(const struct tui *t, char out[MARK_TEXT_MAX]);
void recorder_toggle(struct tui *t);
/* Call it after the feed's state has changed, with the previous state. */
void recorder_update(struct tui *t, const struct feed_recorder *before);

#endif
