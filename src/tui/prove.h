/* SPDX-License-Identifier: MIT */
/* A proof of leaks: begun, stopped, and what came of it. */
#ifndef TUI_PROVE_H
#define TUI_PROVE_H

#include "tui/state.h"

void prove_toggle(struct tui *t);
/* After a new snapshot: how the proof stood before. */
void prove_update(struct tui *t, const struct proving *before);

#endif
