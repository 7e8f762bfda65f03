/* SPDX-License-Identifier: MIT */
/* A small list above the view, for the sort column and the column chooser. */
#ifndef TUI_MENU_H
#define TUI_MENU_H

#include <stdbool.h>
#include <stddef.h>

#include "tui/draw.h"
#include "tui/input.h"

#define MENU_ITEMS_MAX 24
#define MENU_CELLS_MIN 3
#define MENU_CELLS_MAX 200

struct menu_item {
	int id;
	bool marked;
	/* Only of a menu whose items can be marked: a third mark between the two. */
	bool has_maybe, maybe;
	int cells; /* width that the user has set, or 0 */
	int now;   /* width in which it is shown, or 0 */
	const char *text;
	const char *help;
};

struct menu {
	const char *title;
	const char *hint;
	bool check; /* items can be marked, moved and resized */
	struct menu_item items[MENU_ITEMS_MAX];
	size_t count;
	size_t at;
	size_t top;
	struct area list; /* where the items are on the screen */
	/* Called after each change, and with chosen set when Enter closes a menu whose
	 * items cannot be marked. */
	void (*changed)(void *arg, const struct menu *menu, bool chosen);
	void *arg;
};

void menu_draw(struct menu *menu, struct area body);
/* Return false if the menu closes. */
bool menu_key(struct menu *menu, int key);
bool menu_mouse(struct menu *menu, enum mouse_event event, int y, int x);

#endif
