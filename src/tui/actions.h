/* SPDX-License-Identifier: MIT */
/* What keys do in all views that do not handle them themselves. */
#ifndef TUI_ACTIONS_H
#define TUI_ACTIONS_H

#include "tui/state.h"

void actions_run(struct tui *t, enum action action);

#endif
