/* SPDX-License-Identifier: MIT */
/*
 * Tasks grouped by stack, creator, state or label, the worst group first. The filter is
 * shared with the task view. The cursor belongs to a group, not to a row.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/filters.h"
#include "tui/groups.h"
#include "tui/marks.h"
#include "tui/table_sort.h"
#include "tui/views.h"

static void resort(void *view)
{
	((struct groups_view *)view)->stale = true;
}

static int groups_init(struct tui *t, void *ctx)
{
	struct groups_view *v = ctx;

	(void)t;
	arena_init(&v->arena, 0);
	v->table.sorted = GROUP_COLUMN_VERDICT;
	v->table.descending = true;
	v->table.resort = resort;
	v->table.view = v;
	v->stale = true;
	groups_columns(v);
	return 0;
}

static void groups_release(void *ctx)
{
	struct groups_view *v = ctx;

	arena_release(&v->arena);
	free(v->rows);
	free(v->changes);
	free(v->index);
}

static void pin_cursor(struct groups_view *v)
{
	v->at_identity = v->at < v->count;
	if (v->at_identity)
		v->identity = group_identify(v->rows[v->at].group);
}

static void refresh_rows(struct tui *t, struct groups_view *v)
{
	if (!v->stale)
		return;
	v->stale = false;
	v->count = v->all = 0;
	if (t->snapshot)
		groups_fill(t, v);
	for (size_t i = 0; v->at_identity && i < v->count; i++) {
		struct group_identity identity = group_identify(v->rows[i].group);

		if (!group_identity_same(&identity, &v->identity))
			continue;
		v->at = i;
		return;
	}
	if (v->at >= v->count)
		v->at = v->count > 0 ? v->count - 1 : 0;
}

static void groups_update(struct tui *t, void *ctx)
{
	struct groups_view *v = ctx;

	v->stale = true;
	v->count = v->all = 0; /* they belong to the previous snapshot */
	if (!t->snapshot) {    /* another target */
		v->at_identity = false;
		v->nr_words = 0;
	}
	if (t->view == VIEW_GROUPS)
		refresh_rows(t, v);
}

static void groups_enter(struct tui *t, void *ctx)
{
	struct groups_view *v = ctx;

	v->stale = true; /* filters may have changed */
	if (v->told != (t->nr_told > 0)) {
		v->told = !v->told;
		groups_columns(v);
	}
}

static void move_to(struct groups_view *v, long row)
{
	long last = (long)v->count - 1;

	row = row > last ? last : row;
	v->at = row > 0 ? (size_t)row : 0;
	pin_cursor(v);
}

/* Wraps around at the ends. */
static void move_to_leak(struct tui *t, struct groups_view *v, int step)
{
	for (size_t i = 1; i <= v->count; i++) {
		size_t row = (v->at + (step > 0 ? i : v->count - i)) % v->count;

		if (v->rows[row].group->verdict < VERDICT_LEAK ||
		    v->rows[row].acknowledged || v->rows[row].change == CHANGE_GONE)
			continue;
		move_to(v, (long)row);
		return;
	}
	tui_say(t, ROLE_NORMAL, "none of the groups shown leaks");
}

static void group_by(struct tui *t, struct groups_view *v, int step)
{
	v->by = (enum group_by)((v->by + GROUP_BY_COUNT + step) % GROUP_BY_COUNT);
	v->at = v->top = 0;
	v->at_identity = false;
	v->stale = true;
	groups_columns(v);
	tui_say(t, ROLE_NORMAL, "grouped by %s", group_by_name(v->by));
}

static bool groups_typed(struct tui *t, void *ctx, const char *text, struct err *e)
{
	struct groups_view *v = ctx;

	v->stale = true;
	return filters_set(t, text, e);
}

static bool is_filtered(const struct tui *t)
{
	return t->class >= 0 || t->settings.filter[0] != '\0' || t->changes_only;
}

static bool move_cursor(struct tui *t, struct groups_view *v, enum action action)
{
	size_t to = v->at;

	if (key_moves(action, t->body.height - 2, v->count, &to)) {
		move_to(v, (long)to);
		return true;
	}
	switch (action) {
	case ACTION_NEXT_LEAK:
	case ACTION_PREVIOUS_LEAK:
		move_to_leak(t, v, action == ACTION_NEXT_LEAK ? 1 : -1);
		return true;
	default:
		return false;
	}
}

static bool act_on_table(struct tui *t, struct groups_view *v, enum action action)
{
	switch (action) {
	case ACTION_GROUP_BY:
	case ACTION_GROUP_BACK:
		group_by(t, v, action == ACTION_GROUP_BY ? 1 : -1);
		return true;
	default:
		return table_act(t, &v->table, action);
	}
}

static void open_row(struct tui *t, struct groups_view *v)
{
	if (v->at >= v->count)
		return;
	pin_cursor(v);
	tui_open_group(t, v->rows[v->at].group);
}

static void acknowledge_row(struct tui *t, struct groups_view *v)
{
	if (v->at >= v->count)
		return;
	if (v->rows[v->at].change == CHANGE_GONE)
		tui_say(t, ROLE_WARN,
			"the group is gone: there is nothing to acknowledge");
	else
		group_acknowledge(t, v->rows[v->at].group);
}

static bool groups_act(struct tui *t, void *ctx, enum action action, int key)
{
	struct groups_view *v = ctx;

	refresh_rows(t, v);
	if (move_cursor(t, v, action) || act_on_table(t, v, action))
		return true;
	switch (action) {
	case ACTION_OPEN:
		open_row(t, v);
		return true;
	case ACTION_HOLDS:
		if (v->at < v->count && v->rows[v->at].change == CHANGE_GONE) {
			tui_say(t, ROLE_WARN, "the group is gone");
		} else if (v->at < v->count) {
			pin_cursor(v);
			tui_open_group_holds(t, v->rows[v->at].group);
		}
		return true;
	case ACTION_FILTER:
		tui_prompt_query(t, t->settings.filter);
		return true;
	case ACTION_CLASS:
		/* The same key again clears it. */
		t->class = key - '1' == t->class ? -1 : key - '1';
		filters_changed(t);
		v->stale = true;
		return true;
	case ACTION_IDLE:
		t->settings.hide_idle = !t->settings.hide_idle;
		filters_changed(t);
		v->stale = true;
		return true;
	case ACTION_BACK:
		if (!is_filtered(t))
			return false;
		filters_clear(t);
		v->stale = true;
		return true;
	case ACTION_ACKNOWLEDGE:
		acknowledge_row(t, v);
		return true;
	case ACTION_HIDE_ACKNOWLEDGED:
		v->hide_acknowledged = !v->hide_acknowledged;
		v->stale = true;
		tui_say(t, ROLE_NORMAL, "acknowledged groups are %s",
			v->hide_acknowledged ? "hidden" : "shown");
		return true;
	default:
		return false;
	}
}

static void groups_click(struct tui *t, void *ctx, int y, int x, bool twice)
{
	struct groups_view *v = ctx;
	const struct table_column *column;
	size_t row = v->top + (size_t)(y - t->body.y);

	refresh_rows(t, v);
	if (y == t->body.y && t->body.height >= 2) {
		column = table_hit(&v->table, x);
		if (column)
			table_sort_by(&v->table, column->id);
		return;
	}
	row -= t->body.height >= 2;
	if (row >= v->count)
		return;
	move_to(v, (long)row);
	if (twice)
		open_row(t, v);
}

static void groups_subject(struct tui *t, void *ctx, struct subject *subject)
{
	struct groups_view *v = ctx;

	refresh_rows(t, v);
	if (v->at >= v->count)
		return;
	subject->group = v->rows[v->at].group;
	subject->gone = v->rows[v->at].change == CHANGE_GONE;
}

static size_t groups_lines(struct tui *t, void *ctx)
{
	refresh_rows(t, ctx);
	return ((struct groups_view *)ctx)->count > 0
		       ? 1 + ((struct groups_view *)ctx)->count
		       : 0;
}

static void groups_status(struct tui *t, void *ctx, char *out, size_t size)
{
	const struct groups_view *v = ctx;
	char mark[MARK_TEXT_MAX], hidden[32] = "", others[48] = "";

	if (!t->snapshot || !t->snapshot->groups)
		return;
	if (v->hide_acknowledged)
		snprintf(hidden, sizeof(hidden), ", acknowledged hidden");
	if (t->snapshot->groups->others[v->by] > 0)
		snprintf(others, sizeof(others), ", %u tasks in other groups",
			 t->snapshot->groups->others[v->by]);
	mark_text(t, mark);
	snprintf(out, size, "%zu by %s%s%s%s%s", v->count, group_by_name(v->by), hidden,
		 others, *mark != '\0' ? ", since " : "", mark);
}

static void groups_draw_view(struct tui *t, void *ctx, struct area body)
{
	refresh_rows(t, ctx);
	groups_draw(t, ctx, body);
}

static size_t search_count(struct tui *t, void *ctx)
{
	refresh_rows(t, ctx);
	return ((struct groups_view *)ctx)->count;
}

static bool search_has(struct tui *t, void *ctx, size_t line,
		       const struct pattern *pattern)
{
	struct groups_view *v = ctx;
	char text[COLUMN_TEXT_MAX];

	for (size_t i = 0; i < v->table.count; i++) {
		const struct table_column *column = &v->table.columns[i];
		enum group_column id = (enum group_column)column->id;

		if (column->width > 0 && groups_searched(id) &&
		    pattern_match(pattern, group_cell(t, &v->rows[line], id, 1, text)))
			return true;
	}
	return false;
}

static uint64_t search_version(struct tui *t, void *ctx)
{
	struct groups_view *v = ctx;
	uint64_t columns = 0;

	refresh_rows(t, v);
	for (size_t i = 0; i < v->table.count; i++)
		if (v->table.columns[i].width > 0)
			columns |= 1ull << v->table.columns[i].id;
	return v->fills << 16 | columns;
}

static void search_go(struct tui *t, void *ctx, size_t line)
{
	(void)t;
	move_to(ctx, (long)line);
}

static size_t search_at(struct tui *t, void *ctx)
{
	refresh_rows(t, ctx);
	return ((struct groups_view *)ctx)->at;
}

static uint64_t search_key(struct tui *t, void *ctx, size_t line)
{
	(void)t;
	return group_hash(((struct groups_view *)ctx)->rows[line].group);
}

static const struct search_ops groups_search = {.count = search_count,
						.has = search_has,
						.go = search_go,
						.at = search_at,
						.key = search_key,
						.version = search_version};

const struct view view_groups = {
	.name = "groups",
	.keys = IN_GROUPS,
	.header = true,
	.ctx_size = sizeof(struct groups_view),
	.init = groups_init,
	.release = groups_release,
	.enter = groups_enter,
	.update = groups_update,
	.draw = groups_draw_view,
	.act = groups_act,
	.click = groups_click,
	.typed = groups_typed,
	.search = &groups_search,
	.subject = groups_subject,
	.lines = groups_lines,
	.status = groups_status,
};
