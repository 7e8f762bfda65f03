/* SPDX-License-Identifier: MIT */
/* Draws the list in the top left corner of the body, as wide as its texts. Handles its
 * own cursor, marks and order, and notifies the owner. */
#include "tui/menu.h"

#include <stdio.h>

#define NCURSES_NOMACROS
#include <curses.h>

#include "tui/scroll.h"
#include "tui/terminal.h"

void menu_draw(struct menu *menu, struct area body)
{
	int name_cells = 0;
	int width = text_cells(menu->hint, 200, draw_ascii());
	int rows = body.height - 2;
	char line[256], width_text[12];

	for (size_t i = 0; i < menu->count; i++) {
		int cells = text_cells(menu->items[i].text, 100, draw_ascii());

		name_cells = cells > name_cells ? cells : name_cells;
	}
	for (size_t i = 0; i < menu->count; i++) {
		int cells = name_cells + 14 +
			    text_cells(menu->items[i].help, 200, draw_ascii());

		width = cells > width ? cells : width;
	}
	width = width + 2 < body.width ? width + 2 : body.width;
	rows = rows < (int)menu->count ? rows : (int)menu->count;
	menu->top = scroll_top(menu->top, menu->at, rows, menu->count);
	menu->list = (struct area){body.y + 1, body.x, rows, width};
	draw_cell(body.y, body.x, width, ALIGN_LEFT, ROLE_TITLE, true, menu->title);
	for (int i = 0; i < rows; i++) {
		const struct menu_item *item = &menu->items[menu->top + (size_t)i];
		bool here = menu->top + (size_t)i == menu->at;

		width_text[0] = '\0';
		if (item->cells > 0)
			snprintf(width_text, sizeof(width_text), "%d", item->cells);
		snprintf(line, sizeof(line), " %s %-*s %3s  %s",
			 !menu->check    ? (item->marked ? ">" : " ")
			 : !item->marked ? "[ ]"
			 : item->maybe   ? "[~]"
					 : "[x]",
			 name_cells, item->text, width_text, item->help);
		draw_fill(body.y + 1 + i, body.x, width, ROLE_NORMAL, here);
		draw_cell(body.y + 1 + i, body.x, width, ALIGN_LEFT, ROLE_NORMAL, here,
			  line);
	}
	draw_fill(body.y + 1 + rows, body.x, width, ROLE_TITLE, true);
	draw_cell(body.y + 1 + rows, body.x, width, ALIGN_LEFT, ROLE_TITLE, true,
		  menu->hint);
}

static bool choose(struct menu *menu)
{
	if (!menu->check)
		menu->changed(menu->arg, menu, true);
	return false;
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

/* Maybe, marked, not marked. */
static void mark_item(struct menu *menu)
{
	struct menu_item *item = &menu->items[menu->at];

	if (!menu->check)
		return;
	if (item->marked && item->maybe) {
		item->maybe = false;
	} else {
		item->marked = !item->marked;
		item->maybe = item->has_maybe && item->marked;
	}
	menu->changed(menu->arg, menu, false);
}

/* Makes an item one cell wider or narrower than it is; 0 sets it free. */
static void resize_item(struct menu *menu, int by)
{
	struct menu_item *item = &menu->items[menu->at];
	int width = (item->cells > 0 ? item->cells : item->now) + by;

	if (!menu->check)
		return;
	width = width < MENU_CELLS_MIN ? MENU_CELLS_MIN : width;
	width = width > MENU_CELLS_MAX ? MENU_CELLS_MAX : width;
	item->cells = by == 0 ? 0 : width;
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
	case TERMINAL_KEY(KEY_LEFT):
	case 'h':
	case '-':
		resize_item(menu, -1);
		return true;
	case TERMINAL_KEY(KEY_RIGHT):
	case 'l':
	case '+':
		resize_item(menu, 1);
		return true;
	case '0':
		resize_item(menu, 0);
		return true;
	case ' ':
		mark_item(menu);
		return true;
	case '\n':
	case '\r':
	case TERMINAL_KEY(KEY_ENTER):
		return choose(menu);
	case 27:
	case 'q':
	case 'c':
	case 's':
		return false;
	default:
		return true;
	}
}

/* A click outside closes it, as Esc does. */
bool menu_mouse(struct menu *menu, enum mouse_event event, int y, int x)
{
	size_t row = menu->top + (size_t)(y - menu->list.y);

	if (event == MOUSE_WHEEL_UP)
		return menu_key(menu, 'k');
	if (event == MOUSE_WHEEL_DOWN)
		return menu_key(menu, 'j');
	if (x < menu->list.x || x >= menu->list.x + menu->list.width ||
	    y < menu->list.y - 1 || y > menu->list.y + menu->list.height)
		return false;
	if (y < menu->list.y || y >= menu->list.y + menu->list.height ||
	    row >= menu->count)
		return true;
	menu->at = row;
	if (!menu->check)
		return choose(menu);
	mark_item(menu);
	return true;
}
