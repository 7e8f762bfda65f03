/* SPDX-License-Identifier: MIT */
/* A small list over the view: sort column, column chooser. */
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
	/* Called after each change, and with chosen when Enter closes a menu without check. */
	void (*changed)(void *arg, const struct menu *menu, bool chosen);
	void *arg;
};

void menu_draw(struct menu *menu, struct area body);
/* false: the menu closes. */
bool menu_key(struct menu *menu, int key);

#endif
