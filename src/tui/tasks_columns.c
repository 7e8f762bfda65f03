/* SPDX-License-Identifier: MIT */
/* Columns of the task view: their selection and order, and the sort column. */
#include <string.h>

#include "base/clock.h"
#include "tui/tasks.h"

/* How long a column that is shown says nothing before it is left out. */
#define LEAVE_NS      (30 * CLOCK_SECOND_NS)
/* Longer texts do not keep the late columns from being shown. */
#define ENOUGH_CELLS  120
#define COMFORT_CELLS 24

void tasks_forget_widths(struct tasks *v)
{
	for (size_t i = 0; i < v->table.count; i++)
		v->table.columns[i].natural = -1;
	v->table.window_ns = 0;
	v->judged = false;
}

/* A column of which the user has said nothing, and that is not the one to sort by. */
static bool may_leave(const struct tui *t, int id)
{
	return id < COLUMN_COUNT && !t->settings.columns.always[id] &&
	       id != (int)t->settings.sort.column;
}

static void leave_out(struct tui *t, struct tasks *v)
{
	for (size_t i = 0; i < v->table.count; i++) {
		struct table_column *column = &v->table.columns[i];
		int id = column->id;

		column->left_out = may_leave(t, id) && v->left_out[id];
		column->late = may_leave(t, id) && v->late[id];
	}
}

static void sort_changed(struct tui *t, struct tasks *v)
{
	v->table.sorted = t->settings.sort.column;
	v->table.descending = t->settings.sort.descending;
	v->stale = true;
	leave_out(t, v);
}

/* A name that repeats PROCESS stays where the user has no such column; where it is the
 * same in every row, that is what the footer says of both. */
static void judge_beside_process(const struct tui *t, struct tasks *v)
{
	const struct column_list *list = &t->settings.columns;
	bool shown = false;

	if (v->news[COLUMN_NAME] != COLUMN_REPEATS_PROCESS)
		return;
	for (size_t i = 0; i < list->count; i++)
		shown |= list->ids[i] == COLUMN_PROCESS;
	if (!shown)
		v->news[COLUMN_NAME] = v->news[COLUMN_PROCESS] == COLUMN_SAME
					       ? COLUMN_SAME
					       : COLUMN_VARIES;
}

void tasks_judge_columns(struct tui *t, struct tasks *v, const struct snapshot *snapshot)
{
	struct column_rows rows = {v->rows.index, sizeof(v->rows.index[0]),
				   v->rows.count};

	if (v->folding)
		rows = (struct column_rows){&v->folds.lines->task,
					    sizeof(*v->folds.lines), v->folds.nr_lines};
	column_news(snapshot, &rows, v->news);
	judge_beside_process(t, v);
	for (int id = 0; id < COLUMN_COUNT; id++) {
		bool silent = v->news[id] >= COLUMN_REPEATS;

		if (!silent || !v->judged)
			v->silent_ns[id] = t->clock_ns;
		/* A column comes at once, but goes only after some time. */
		v->left_out[id] = silent && (!v->judged || v->left_out[id] ||
					     t->clock_ns - v->silent_ns[id] > LEAVE_NS);
		v->late[id] = id == COLUMN_CPU || id == COLUMN_SWITCHES ||
			      id == COLUMN_LABELS ||
			      v->news[id] == COLUMN_MOSTLY_REPEATS ||
			      (v->judged && v->late[id]);
	}
	v->judged = v->rows.count > 0;
	leave_out(t, v);
}

static struct table_column make_column(const struct column_list *list, enum column_id id,
				       bool pinned)
{
	const struct column *info = column_info(id);
	bool named = list->always[id] && !column_is_essential(id);
	bool first = id == COLUMN_WAITS || id == COLUMN_FUNCTION;
	bool whole = first || id == COLUMN_LOCATION || id == COLUMN_CREATED;

	return (struct table_column){
		.id = (int)id,
		.title = info->title,
		.min_width = info->min_width,
		.max_width = whole ? ENOUGH_CELLS : info->max_width,
		/* A name is short, and tells threads of one function apart. */
		.comfort = first               ? COMFORT_CELLS
			   : id == COLUMN_NAME ? info->max_width
			   : named             ? 1
					       : 0,
		.priority = id == COLUMN_NAME || named
				    ? column_info(COLUMN_WAITS)->priority
				    : info->priority,
		.fixed = list->cells[id],
		.right = info->right,
		.pinned = pinned,
		.natural = -1,
	};
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
		bool pinned = list->ids[i] == COLUMN_MARK || list->ids[i] == COLUMN_ID;

		if (v->changes_shown && (!pinned || i + 1 == list->count) && !changes) {
			v->table.columns[v->table.count++] = change_column;
			changes = true;
		}
		v->table.columns[v->table.count++] =
			make_column(list, list->ids[i], pinned);
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

/* A target that is one process is not sorted by its processes. */
static bool may_sort(const struct tui *t, enum column_id id)
{
	return !column_is_of_processes(id) || !t->snapshot || t->snapshot->nr_members > 0;
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
	for (size_t steps = 0; steps < list->count; steps++) {
		i = (i + (step > 0 ? 1 : list->count - 1)) % list->count;
		if (may_sort(t, list->ids[i]))
			break;
	}
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
	for (size_t i = 0; i < menu->count; i++) {
		const struct menu_item *item = &menu->items[i];

		list->always[item->id] = item->marked && item->has_maybe && !item->maybe;
		list->cells[item->id] = (uint8_t)item->cells;
		if (item->marked)
			list->ids[list->count++] = (enum column_id)item->id;
	}
	if (list->count == 0) /* a table needs at least one column */
		list->ids[list->count++] = COLUMN_ID;
	tasks_set_columns(t, t->ctx[VIEW_TASKS]);
}

static struct menu_item *add_item(struct menu *menu, enum column_id id, bool marked)
{
	const struct column *info = column_info(id);

	menu->items[menu->count] =
		(struct menu_item){.id = (int)id,
				   .marked = marked,
				   .text = id == COLUMN_MARK ? "! mark" : info->title,
				   .help = info->help};
	return &menu->items[menu->count++];
}

static void add_choice(struct tui *t, enum column_id id, bool marked)
{
	const struct table *table = &((struct tasks *)t->ctx[VIEW_TASKS])->table;
	const struct column_list *list = &t->settings.columns;
	struct menu *menu = &t->menu;

	struct menu_item *item = add_item(menu, id, marked);

	item->has_maybe = !column_is_essential(id);
	item->maybe = item->has_maybe && marked && !list->always[id];
	item->cells = list->cells[id];
	for (size_t i = 0; i < table->count; i++)
		if (table->columns[i].id == (int)id)
			item->now = table->columns[i].width;
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
	menu->hint = check ? "Space [x] always [~] or left out [ ] never  < > move  "
			     "h l width  Esc closes"
			   : "Enter sorts  Esc cancels";
	menu->changed = check ? columns_changed : sort_chosen;
	for (size_t i = 0; check && i < list->count; i++) {
		add_choice(t, list->ids[i], true);
		listed[list->ids[i]] = true;
	}
	for (int id = 0; id < COLUMN_COUNT; id++) {
		if (listed[id] || (!check && !may_sort(t, (enum column_id)id)))
			continue;
		if (!check && id == (int)t->settings.sort.column)
			menu->at = menu->count;
		if (check)
			add_choice(t, (enum column_id)id, false);
		else
			add_item(menu, (enum column_id)id,
				 id == (int)t->settings.sort.column);
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
