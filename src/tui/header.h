/* SPDX-License-Identifier: MIT */
/* The lines above a view. */
#ifndef TUI_HEADER_H
#define TUI_HEADER_H

#include "tui/state.h"

void header_draw(struct tui *t, int lines);
/* Returns the class at column x of the second line, -1 for "all", -2 if there is none. */
int header_hit(const struct tui *t, int x);

#endif
