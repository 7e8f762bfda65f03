/* SPDX-License-Identifier: MIT */
/* Columns of the task view: their selection and order, and the sort column. */
#include <string.h>

#include "tui/tasks.h"

static void sort_changed(struct tui *t, struct tasks *v)
{
	v->table.sorted = t->settings.sort.column;
	v->table.descending = t->settings.sort.descending;
	v->stale = true;
}

void tasks_forget_widths(struct tasks *v)
{
	for (size_t i = 0; i < v->table.count; i++)
		v->table.columns[i].natural = -1;
	v->table.window_ns = 0;
}

void tasks_set_columns(struct tui *t, struct tasks *v)
{
	static const struct table_column change_column = {
		.id = TASKS_CHANGE_COLUMN,
		.title = "CHANGE",
		.min_width = 6,
		.max_width = 16,
		.priority = 1,
		.pinned = true,
		.natural = -1,
	};
	const struct column_list *list = &t->settings.columns;
	bool changes = false;

	memset(&v->table.columns, 0, sizeof(v->table.columns));
	v->table.count = 0;
	for (size_t i = 0; i < list->count; i++) {
		const struct column *info = column_info(list->ids[i]);
		bool pinned = list->ids[i] == COLUMN_MARK || list->ids[i] == COLUMN_ID;

		if (v->changes_shown && (!pinned || i + 1 == list->count) && !changes) {
			v->table.columns[v->table.count++] = change_column;
			changes = true;
		}
		v->table.columns[v->table.count++] = (struct table_column){
			.id = list->ids[i],
			.title = info->title,
			.min_width = info->min_width,
			.max_width = info->max_width,
			.priority = info->priority,
			.right = info->right,
			.pinned = pinned,
			.natural = -1,
		};
	}
	v->table.scroll = 0;
	sort_changed(t, v);
}

void tasks_sort_by(struct tui *t, struct tasks *v, enum column_id column)
{
	struct sort_key *sort = &t->settings.sort;

	if (sort->column == column)
		sort->descending = !sort->descending;
	else
		*sort = (struct sort_key){column, column_info(column)->descending};
	sort_changed(t, v);
}

static void sort_beside(struct tui *t, struct tasks *v, int step)
{
	const struct column_list *list = &t->settings.columns;
	size_t i;

	if (list->count == 0)
		return;
	for (i = 0; i < list->count; i++)
		if (list->ids[i] == t->settings.sort.column)
			break;
	if (i == list->count)
		i = step > 0 ? list->count - 1 : 0;
	i = (i + (step > 0 ? 1 : list->count - 1)) % list->count;
	tasks_sort_by(t, v, list->ids[i]);
	tui_say(t, ROLE_NORMAL, "sorted by %s: %s", column_info(list->ids[i])->title,
		column_info(list->ids[i])->help);
}

static void sort_chosen(void *arg, const struct menu *menu, bool chosen)
{
	struct tui *t = arg;
	struct tasks *v = t->ctx[VIEW_TASKS];

	if (chosen && menu->items[menu->at].id != (int)t->settings.sort.column)
		tasks_sort_by(t, v, (enum column_id)menu->items[menu->at].id);
}

static void columns_changed(void *arg, const struct menu *menu, bool chosen)
{
	struct tui *t = arg;
	struct column_list *list = &t->settings.columns;

	(void)chosen;
	list->count = 0;
	for (size_t i = 0; i < menu->count; i++)
		if (menu->items[i].marked)
			list->ids[list->count++] = (enum column_id)menu->items[i].id;
	if (list->count == 0) /* a table needs at least one column */
		list->ids[list->count++] = COLUMN_ID;
	tasks_set_columns(t, t->ctx[VIEW_TASKS]);
}

static void add_item(struct menu *menu, enum column_id id, bool marked)
{
	const struct column *info = column_info(id);

	menu->items[menu->count++] = (struct menu_item){
		(int)id, marked, id == COLUMN_MARK ? "! mark" : info->title, info->help};
}

static void open_menu(struct tui *t, bool check)
{
	struct menu *menu = &t->menu;
	const struct column_list *list = &t->settings.columns;
	bool listed[COLUMN_COUNT] = {false};

	memset(menu, 0, sizeof(*menu));
	menu->check = check;
	menu->arg = t;
	menu->title = check ? "Columns" : "Sort by";
	menu->hint = check ? "Space shows or hides  < > move  Esc closes"
			   : "Enter sorts  Esc cancels";
	menu->changed = check ? columns_changed : sort_chosen;
	for (size_t i = 0; check && i < list->count; i++) {
		add_item(menu, list->ids[i], true);
		listed[list->ids[i]] = true;
	}
	for (int id = 0; id < COLUMN_COUNT; id++) {
		if (listed[id])
			continue;
		if (!check && id == (int)t->settings.sort.column)
			menu->at = menu->count;
		add_item(menu, (enum column_id)id,
			 !check && id == (int)t->settings.sort.column);
	}
	t->menu_open = true;
}

bool tasks_columns_act(struct tui *t, struct tasks *v, enum action action)
{
	switch (action) {
	case ACTION_SORT:
		open_menu(t, false);
		return true;
	case ACTION_COLUMNS:
		open_menu(t, true);
		return true;
	case ACTION_REVERSE:
		t->settings.sort.descending = !t->settings.sort.descending;
		sort_changed(t, v);
		return true;
	case ACTION_SORT_LEFT:
		sort_beside(t, v, -1);
		return true;
	case ACTION_SORT_RIGHT:
		sort_beside(t, v, 1);
		return true;
	case ACTION_LEFT:
	case ACTION_RIGHT:
		table_scroll(&v->table, action == ACTION_LEFT);
		return true;
	default:
		return false;
	}
}
