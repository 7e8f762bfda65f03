/* SPDX-License-Identifier: MIT */
/* Moving in a recording. */
#ifndef TUI_RECORDING_H
#define TUI_RECORDING_H

#include "tui/state.h"

/* false when it is none of its actions. */
bool recording_act(struct tui *t, enum action action);
/* " REPLAY 10:04:30Z 12/240 " */
void recording_mark(const struct tui *t, char *out, size_t size);

#endif
