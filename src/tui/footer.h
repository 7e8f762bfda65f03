/* SPDX-License-Identifier: MIT */
/* The lines below a view. */
#ifndef TUI_FOOTER_H
#define TUI_FOOTER_H

#include "tui/state.h"

/* Keys and status in `lines` lines, ending with the last one of the screen. */
void footer_draw(struct tui *t, int lines);

#endif
