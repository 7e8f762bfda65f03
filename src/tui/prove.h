/* SPDX-License-Identifier: MIT */
/* Starts and stops a proof of leaks and reports its result. */
#ifndef TUI_PROVE_H
#define TUI_PROVE_H

#include "tui/state.h"

void prove_toggle(struct tui *t);
/* Call it after a new snapshot, with the previous state of the proof. */
void prove_update(struct tui *t, const struct proving *before);

#endif
