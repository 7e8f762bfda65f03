/* SPDX-License-Identifier: MIT */
/* Draws the list in the top left corner of the body, as wide as its texts. Handles its
 * own cursor, marks and order, and notifies the owner. */
#include "tui/menu.h"

#include <stdio.h>

#define NCURSES_NOMACROS
#include <curses.h>

#include "tui/terminal.h"

static void keep_visible(struct menu *menu, int rows)
{
	size_t visible = rows > 1 ? (size_t)rows : 1;

	if (menu->at < menu->top)
		menu->top = menu->at;
	if (menu->at >= menu->top + visible)
		menu->top = menu->at - visible + 1;
}

void menu_draw(struct menu *menu, struct area body)
{
	int name_cells = 0;
	int width = text_cells(menu->hint, 200, draw_ascii());
	int rows = body.height - 2;
	char line[256];

	for (size_t i = 0; i < menu->count; i++) {
		int cells = text_cells(menu->items[i].text, 100, draw_ascii());

		name_cells = cells > name_cells ? cells : name_cells;
	}
	for (size_t i = 0; i < menu->count; i++) {
		int cells = name_cells + 10 +
			    text_cells(menu->items[i].help, 200, draw_ascii());

		width = cells > width ? cells : width;
	}
	width = width + 2 < body.width ? width + 2 : body.width;
	rows = rows < (int)menu->count ? rows : (int)menu->count;
	keep_visible(menu, rows);
	draw_cell(body.y, body.x, width, ALIGN_LEFT, ROLE_TITLE, true, menu->title);
	for (int i = 0; i < rows; i++) {
		const struct menu_item *item = &menu->items[menu->top + (size_t)i];
		bool here = menu->top + (size_t)i == menu->at;

		snprintf(line, sizeof(line), " %s %-*s  %s",
			 !menu->check   ? (item->marked ? ">" : " ")
			 : item->marked ? "[x]"
					: "[ ]",
			 name_cells, item->text, item->help);
		draw_fill(body.y + 1 + i, body.x, width, ROLE_NORMAL, here);
		draw_cell(body.y + 1 + i, body.x, width, ALIGN_LEFT, ROLE_NORMAL, here,
			  line);
	}
	draw_fill(body.y + 1 + rows, body.x, width, ROLE_TITLE, true);
	draw_cell(body.y + 1 + rows, body.x, width, ALIGN_LEFT, ROLE_TITLE, true,
		  menu->hint);
}

static void move_item(struct menu *menu, int step)
{
	size_t to = menu->at + (size_t)(long)step;
	struct menu_item item = menu->items[menu->at];

	if (!menu->check || to >= menu->count)
		return;
	menu->items[menu->at] = menu->items[to];
	menu->items[to] = item;
	menu->at = to;
	menu->changed(menu->arg, menu, false);
}

bool menu_key(struct menu *menu, int key)
{
	switch (key) {
	case TERMINAL_KEY(KEY_UP):
	case 'k':
		menu->at -= menu->at > 0;
		return true;
	case TERMINAL_KEY(KEY_DOWN):
	case 'j':
		menu->at += menu->at + 1 < menu->count;
		return true;
	case TERMINAL_KEY(KEY_HOME):
	case 'g':
		menu->at = 0;
		return true;
	case TERMINAL_KEY(KEY_END):
	case 'G':
		menu->at = menu->count - 1;
		return true;
	case '<':
	case ',':
	case 'K':
		move_item(menu, -1);
		return true;
	case '>':
	case '.':
	case 'J':
		move_item(menu, 1);
		return true;
	case ' ':
		if (!menu->check)
			return true;
		menu->items[menu->at].marked = !menu->items[menu->at].marked;
		menu->changed(menu->arg, menu, false);
		return true;
	case '\n':
	case '\r':
	case TERMINAL_KEY(KEY_ENTER):
		if (!menu->check)
			menu->changed(menu->arg, menu, true);
		return false;
	case 27:
	case 'q':
	case 'c':
	case 's':
		return false;
	default:
		return true;
	}
}
