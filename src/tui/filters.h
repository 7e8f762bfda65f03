/* SPDX-License-Identifier: MIT */
/* The filters shared by the tasks and the groups: the expression and the class. */
#ifndef TUI_FILTERS_H
#define TUI_FILTERS_H

#include "tui/state.h"

bool filters_set(struct tui *t, const char *text, struct err *e);
struct query *filters_query(struct tui *t);
void filters_changed(struct tui *t);
void filters_clear(struct tui *t);

#endif
