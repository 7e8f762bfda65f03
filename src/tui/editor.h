/* SPDX-License-Identifier: MIT */
/* Other programs that take over what the view shows: the user's editor and the clipboard
 * of the terminal. */
#ifndef TUI_EDITOR_H
#define TUI_EDITOR_H

#include "tui/state.h"

/* Opens a file of source code at a line in $VISUAL or $EDITOR, on the view's terminal, and
 * returns when it has ended. file may be NULL: says that no line is known. */
void editor_open(struct tui *t, const char *file, int line);
/* Copies text to the clipboard and says so; `what` is "the row". */
void editor_copy(struct tui *t, const char *what, const char *text);

#endif
