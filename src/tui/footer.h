/* SPDX-License-Identifier: MIT */
/* The lines below a view. */
#ifndef TUI_FOOTER_H
#define TUI_FOOTER_H

#include "tui/state.h"

/* Draws keys and status in the last `lines` lines of the screen. */
void footer_draw(struct tui *t, int lines);

#endif
