/* SPDX-License-Identifier: MIT */
/* The snapshot that is shown: taking the next one from the feed, and the time for which
 * ages are shown. */
#ifndef TUI_CURRENT_H
#define TUI_CURRENT_H

#include "tui/state.h"

/* Takes what the feed has. Returns true if something changed. */
bool tui_take(struct tui *t);
void tui_tick(struct tui *t);
/* Call it for another target: nothing is shown until its first snapshot. */
void tui_drop_snapshot(struct tui *t);

#endif
