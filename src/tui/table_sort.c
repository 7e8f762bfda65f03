/* SPDX-License-Identifier: MIT */
#include "tui/table_sort.h"

#include <string.h>

static const struct table_column *find(const struct table *table, int id)
{
	for (size_t i = 0; i < table->count; i++)
		if (table->columns[i].id == id)
			return &table->columns[i];
	return NULL;
}

void table_sort_by(struct table *table, int column)
{
	const struct table_column *found = find(table, column);

	if (table->sorted == column)
		table->descending = !table->descending;
	else
		table->descending = found && found->largest_first;
	table->sorted = column;
	table->resort(table->view);
}

/* Sorts by the next column to the right, or to the left, that is not left out. */
static void sort_beside(struct tui *t, struct table *table, bool left)
{
	const struct table_column *column = find(table, table->sorted);
	size_t i = column ? (size_t)(column - table->columns) : 0;

	if (table->count == 0)
		return;
	for (size_t steps = 0; steps < table->count; steps++) {
		i = (i + (left ? table->count - 1 : 1)) % table->count;
		if (!table->columns[i].left_out)
			break;
	}
	column = &table->columns[i];
	table_sort_by(table, column->id);
	tui_say(t, ROLE_NORMAL, "sorted by %s: %s", column->title, column->help);
}

static void chosen_in_menu(void *arg, const struct menu *menu, bool chosen)
{
	struct table *table = arg;

	if (chosen && menu->items[menu->at].id != table->sorted)
		table_sort_by(table, menu->items[menu->at].id);
}

static void open_menu(struct tui *t, struct table *table)
{
	struct menu *menu = &t->menu;

	memset(menu, 0, sizeof(*menu));
	menu->title = "Sort by";
	menu->hint = "Enter sorts  Esc cancels";
	menu->changed = chosen_in_menu;
	menu->arg = table;
	for (size_t i = 0; i < table->count; i++) {
		const struct table_column *column = &table->columns[i];

		if (column->id == table->sorted)
			menu->at = menu->count;
		menu->items[menu->count++] = (struct menu_item){
			.id = column->id,
			.marked = column->id == table->sorted,
			.text = strcmp(column->title, "!") == 0 ? "! mark"
								: column->title,
			.help = column->help};
	}
	t->menu_open = true;
}

bool table_act(struct tui *t, struct table *table, enum action action)
{
	switch (action) {
	case ACTION_SORT:
		open_menu(t, table);
		return true;
	case ACTION_REVERSE:
		table_sort_by(table, table->sorted);
		return true;
	case ACTION_SORT_LEFT:
	case ACTION_SORT_RIGHT:
		sort_beside(t, table, action == ACTION_SORT_LEFT);
		return true;
	case ACTION_LEFT:
	case ACTION_RIGHT:
		table_scroll(table, action == ACTION_LEFT);
		return true;
	default:
		return false;
	}
}
