/* SPDX-License-Identifier: MIT */
/* The picture that is shown: taking the next one from the feed, and the time that ages are
 * shown for. */
#ifndef TUI_PICTURE_H
#define TUI_PICTURE_H

#include "tui/state.h"

/* Take what the feed has; true when something changed. */
bool tui_take(struct tui *t);
void tui_tick(struct tui *t);
/* Another target: nothing is shown until there is a picture of it. */
void tui_drop_snapshot(struct tui *t);

#endif
