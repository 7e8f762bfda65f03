/* SPDX-License-Identifier: MIT */
/*
 * The preview: what matters most about the row under the cursor, below the rows or beside
 * them. A view has one if it has a `subject`. preview.c decides where it is and handles
 * its keys and clicks; preview_page.c has what it shows.
 */
#ifndef TUI_PREVIEW_H
#define TUI_PREVIEW_H

#include "tui/state.h"

/* Returns NULL if out of memory. */
struct preview *preview_new(void);
void preview_free(struct preview *preview);

/* Divides t->room between the view, t->body, and the preview. Call it for each frame. */
void preview_layout(struct tui *t);
/* Draws it, after the view. */
void preview_draw(struct tui *t);
/* Whether it takes the whole room: the view is not drawn. */
bool preview_is_alone(const struct tui *t);
/* Whether the keys that move go to it, so that the view's cursor is not the one. */
bool preview_has_keys(const struct tui *t);
/* Returns false if the action is the view's. */
bool preview_act(struct tui *t, enum action action);
/* Returns false if the event is the view's. `twice`: a second click at the same place. */
bool preview_mouse(struct tui *t, const struct input_event *event, bool twice);
/* Another view is shown from now on. */
void preview_leave(struct tui *t);
/* There is another snapshot, or none. */
void preview_update(struct tui *t);

#endif
