/* SPDX-License-Identifier: MIT */
/* One run of the view, from opening it to drawing a frame. Only the loop calls these
 * functions. */
#ifndef TUI_APP_H
#define TUI_APP_H

#include "tui/state.h"

/* Opens everything except the terminal. Returns 0 or a negative code. */
int tui_open(struct tui *t, const struct tui_options *options, struct err *e);
void tui_close(struct tui *t);
void tui_input(struct tui *t, const struct input_event *event);
void tui_draw(struct tui *t);

#endif
