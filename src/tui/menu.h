/* SPDX-License-Identifier: MIT */
/* A small list above the view, for the sort column and the column chooser. */
#ifndef TUI_MENU_H
#define TUI_MENU_H

#include <stdbool.h>
#include <stddef.h>

#include "tui/draw.h"

#define MENU_ITEMS_MAX 24

struct menu_item {
	int id;
	bool marked;
	const char *text;
	const char *help;
};

struct menu {
	const char *title;
	const char *hint;
	bool check; /* items can be marked and moved */
	struct menu_item items[MENU_ITEMS_MAX];
	size_t count;
	size_t at;
	size_t top;
	/* Called after each change, and with chosen set when Enter closes a menu whose
	 * items cannot be marked. */
	void (*changed)(void *arg, const struct menu *menu, bool chosen);
	void *arg;
};

void menu_draw(struct menu *menu, struct area body);
/* Returns false if the menu closes. */
bool menu_key(struct menu *menu, int key);

#endif
