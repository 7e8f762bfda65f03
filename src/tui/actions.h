/* SPDX-License-Identifier: MIT */
/* What keys do in every view, unless the view has a meaning of its own for them. */
#ifndef TUI_ACTIONS_H
#define TUI_ACTIONS_H

#include "tui/state.h"

void actions_run(struct tui *t, enum action action);

#endif
