/* SPDX-License-Identifier: MIT */
/*
 * Selects and sorts the groups. A group is shown if one of its tasks passes the filters
 * and, when only changes are wanted, if it has changed. The filter checks each task once.
 */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/order.h"
#include "tui/filters.h"
#include "tui/groups.h"

#define SCORES     100 /* the highest one */
#define NONE       UINT32_MAX
#define INDEX_SIZE (4 * GROUPS_MAX)

bool group_acknowledged(const struct groups_view *v, const struct group *group)
{
	struct group_identity identity = group_identify(group);

	for (size_t i = 0; i < v->nr_words; i++)
		if (v->words[i].by == group->by &&
		    group_identity_same(&v->words[i].identity, &identity))
			return v->words[i].acknowledged;
	return group->acknowledged;
}

/* Labels are compared by content: labels of tasks are not interned. */
static uint64_t hash_label(const char *key, const char *text)
{
	return hash_bytes(hash_bytes(0, key, strlen(key)), text, strlen(text));
}

uint64_t group_hash(const struct group *group)
{
	struct group_identity identity;

	if (group->by == GROUP_LABEL)
		return hash_label(group->label_key, group->label_text);
	identity = group_identify(group);
	return hash_mix(
		hash_mix((uintptr_t)identity.text[0], (uintptr_t)identity.text[1]),
		identity.number[0] ^ identity.number[1]);
}

static bool same_group(const struct group *a, const struct group *b)
{
	struct group_identity one, other;

	if (a->by != b->by)
		return false;
	if (a->by == GROUP_LABEL)
		return strcmp(a->label_key, b->label_key) == 0 &&
		       strcmp(a->label_text, b->label_text) == 0;
	one = group_identify(a);
	other = group_identify(b);
	return group_identity_same(&one, &other);
}

static void index_rows(struct groups_view *v)
{
	memset(v->index, 0xff, INDEX_SIZE * sizeof(*v->index));
	for (size_t i = 0; i < v->all; i++) {
		size_t at = group_hash(v->rows[i].group) % INDEX_SIZE;

		while (v->index[at] != NONE)
			at = (at + 1) % INDEX_SIZE;
		v->index[at] = (uint32_t)i;
	}
}

static struct group_row *find_row(struct groups_view *v, const struct group *group)
{
	for (size_t at = group_hash(group) % INDEX_SIZE; v->index[at] != NONE;
	     at = (at + 1) % INDEX_SIZE)
		if (same_group(v->rows[v->index[at]].group, group))
			return &v->rows[v->index[at]];
	return NULL;
}

static void count_match(struct groups_view *v, const struct task *task,
			struct group_row **last, const struct task **last_task)
{
	struct group group = {.by = v->by,
			      .stack = task->stack,
			      .created_by = task->created_by,
			      .ancestry = task_more(task)->ancestry,
			      .state = task->state};

	/* Adjacent tasks often belong to the same group. */
	if (v->by != GROUP_LABEL && *last_task && (*last_task)->stack == task->stack &&
	    (*last_task)->created_by == task->created_by &&
	    task_more((*last_task))->ancestry == task_more(task)->ancestry &&
	    (*last_task)->state == task->state) {
		if (*last)
			(*last)->matches++;
		return;
	}
	for (size_t i = 0;
	     v->by == GROUP_LABEL && i < task->nr_labels && i < GROUP_LABELS; i++) {
		struct group_row *row;

		group.label_key = task->labels[i].key;
		group.label_text = task->labels[i].text;
		row = find_row(v, &group);
		if (row)
			row->matches++;
	}
	if (v->by == GROUP_LABEL)
		return;
	*last = find_row(v, &group);
	*last_task = task;
	if (*last)
		(*last)->matches++;
}

static void match_tasks(struct tui *t, struct groups_view *v, struct query *query)
{
	const struct snapshot *s = t->snapshot;
	struct group_row *last = NULL;
	const struct task *last_task = NULL;

	index_rows(v);
	query_begin(query, s);
	for (size_t i = 0; i < s->nr_tasks; i++) {
		const struct task *task = &s->tasks[i];

		if ((t->class >= 0 && (int)state_info(task->state)->class != t->class) ||
		    (t->settings.hide_idle && (task->flags & TASK_IDLE)) ||
		    !query_match(query, task, t->now_ns))
			continue;
		count_match(v, task, &last, &last_task);
	}
}

static bool is_shown(const struct tui *t, const struct groups_view *v,
		     const struct group_row *row, bool filtered)
{
	bool gone = row->change == CHANGE_GONE;

	if (gone && !t->changes_only)
		return false;
	if (t->changes_only && row->change == CHANGE_NONE)
		return false;
	if (v->hide_acknowledged && row->acknowledged)
		return false;
	if (!filtered || row->matches > 0)
		return true;
	/* Of a group that is gone, only the state is known. */
	return gone && t->settings.filter[0] == '\0' &&
	       (t->class < 0 || (int)state_info(row->group->state)->class == t->class);
}

static double sort_number(const struct group_row *row, enum group_column id)
{
	const struct group *group = row->group;

	switch (id) {
	case GROUP_COLUMN_COUNT:
		return row->change == CHANGE_GONE ? 0 : group->count;
	case GROUP_COLUMN_CHANGE:
		return (double)row->difference;
	case GROUP_COLUMN_RATE:
	case GROUP_COLUMN_TREND:
		return group->per_minute;
	case GROUP_COLUMN_OLDEST:
		return group->since_ns > 0 ? -(double)group->since_ns : -1e19;
	case GROUP_COLUMN_CAME:
		return (double)group->came;
	case GROUP_COLUMN_LEFT:
		return (double)group->left;
	default: /* proofs first, then leaks by score, then parts of leaks */
		if (row->acknowledged || row->change == CHANGE_GONE)
			return -1;
		return group->verdict * 1000.0 + group->score -
		       (group->leak && group->leak->lead ? SCORES : 0);
	}
}

static void set_key(struct tui *t, struct groups_view *v, struct group_row *row)
{
	enum group_column sorted = (enum group_column)v->table.sorted;
	char text[COLUMN_TEXT_MAX];

	row->direction = v->table.descending ? -1 : 1;
	row->key = 0;
	row->text = NULL;
	if (!group_column_info(sorted)->text)
		row->key = sort_number(row, sorted);
	else
		row->text = arena_strndup(&v->arena, group_cell(t, row, sorted, 0, text),
					  sizeof(text));
}

/* Ties: the worst first, then the largest, then the one that appeared first. */
static int compare_rows(const void *a, const void *b)
{
	const struct group_row *one = a, *other = b;
	double left = sort_number(one, GROUP_COLUMN_VERDICT);
	double right = sort_number(other, GROUP_COLUMN_VERDICT);
	int order = 0;

	if (one->text && other->text)
		order = strcmp(one->text, other->text);
	else if (one->key != other->key)
		order = one->key < other->key ? -1 : 1;
	if (order != 0)
		return order * one->direction;
	if (left != right)
		return left > right ? -1 : 1;
	if (one->group->count != other->group->count)
		return one->group->count > other->group->count ? -1 : 1;
	return ORDER(one->group->serial, other->group->serial);
}

static bool make_room(struct groups_view *v)
{
	if (!v->rows)
		v->rows = malloc(2 * GROUPS_MAX * sizeof(*v->rows));
	if (!v->changes)
		v->changes = malloc(2 * GROUPS_MAX * sizeof(*v->changes));
	if (!v->index)
		v->index = malloc(INDEX_SIZE * sizeof(*v->index));
	return v->rows && v->changes && v->index;
}

void groups_fill(struct tui *t, struct groups_view *v)
{
	const struct groups *groups = t->snapshot->groups;
	bool filtered =
		t->class >= 0 || t->settings.hide_idle || t->settings.filter[0] != '\0';

	v->fills++;
	v->count = v->all = v->nr_leaks = 0;
	if (!groups || !make_room(v))
		return;
	v->all = mark_compare_groups(marks_chosen(&t->marks), groups, v->by, v->changes);
	for (size_t i = 0; i < v->all; i++)
		v->rows[i] = (struct group_row){
			.group = v->changes[i].group,
			.change = v->changes[i].change,
			.difference = v->changes[i].difference,
			.acknowledged = group_acknowledged(v, v->changes[i].group),
		};
	if (filtered)
		match_tasks(t, v, filters_query(t));
	arena_release(&v->arena);
	arena_init(&v->arena, 0);
	for (size_t i = 0; i < v->all; i++) {
		struct group_row *row = &v->rows[i];

		v->nr_leaks += row->group->verdict >= VERDICT_LEAK &&
			       !row->acknowledged && row->change != CHANGE_GONE;
		if (!is_shown(t, v, row, filtered))
			continue;
		set_key(t, v, row);
		v->rows[v->count++] = *row;
	}
	qsort(v->rows, v->count, sizeof(*v->rows), compare_rows);
}
