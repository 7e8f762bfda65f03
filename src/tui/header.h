/* SPDX-License-Identifier: MIT */
/* The lines above a view. */
#ifndef TUI_HEADER_H
#define TUI_HEADER_H

#include "tui/state.h"

void header_draw(struct tui *t, int lines);
/* Class at x of the second line, -1 for all, -2 for none. */
int header_hit(const struct tui *t, int x);

#endif
