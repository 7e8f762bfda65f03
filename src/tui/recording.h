/* SPDX-License-Identifier: MIT */
/* Navigation in a recording. */
#ifndef TUI_RECORDING_H
#define TUI_RECORDING_H

#include "tui/state.h"

/* Returns false if the action is not about recordings. */
bool recording_act(struct tui *t, enum action action);
/* Formats " REPLAY 10:04:30Z 12/240 ". */
void recording_mark(const struct tui *t, char *out, size_t size);

#endif
