/* SPDX-License-Identifier: MIT */
/* The tasks are sorted by age first, unless few are equal in the column: then only those
 * are sorted by age. All later sorts are stable, so this order breaks their ties. */
#include "core/task_order.h"

#include <stdlib.h>
#include <string.h>

#include "base/ahead.h"
#include "base/array.h"

void task_orders_init(struct task_orders *orders)
{
	memset(orders, 0, sizeof(*orders));
	text_ranks_init(&orders->ranks);
}

static void release_order(struct task_order *order)
{
	free(order->list);
	free(order->groups);
}

void task_orders_release(struct task_orders *orders)
{
	release_order(&orders->by_age);
	release_order(&orders->by_column);
	release_order(&orders->some_by_age);
	release_order(&orders->some);
	text_ranks_release(&orders->ranks);
	free(orders->keys);
	free(orders->all);
	free(orders->items);
	free(orders->spare);
}

/* Tasks to be sorted. */
struct subject {
	const struct snapshot *snapshot;
	const uint32_t *list;
	size_t count;
	int64_t now_ns;
};

static const struct task *task_at(const struct subject *subject, size_t i)
{
	return &subject->snapshot->tasks[subject->list[i]];
}

/* Has the processor bring the first bytes of a later task, which hold all that is sorted as
 * a number, except for the use of a CPU. */
static void bring_task(const struct subject *subject, size_t i, enum column_id column)
{
	const struct task *task;

	if (i + 2 * AHEAD_ELEMENTS >= subject->count)
		return;
	task = task_at(subject, i + 2 * AHEAD_ELEMENTS);
	__builtin_prefetch(column == COLUMN_CPU ? (const void *)&task->cpu_percent
						: (const void *)task);
}

static uint64_t id_key(const struct task *task)
{
	const uint64_t max = (1ull << 62) - 1;

	return (uint64_t)task->kind << 62 | (task->id < max ? task->id : max);
}

/* States are sorted by name. Returns the alphabetical position. */
static uint64_t state_rank(enum task_state state)
{
	const char *name = state_info(state)->name;
	uint64_t rank = 0;

	for (int i = 0; i < STATE_COUNT; i++)
		rank += strcmp(state_info((enum task_state)i)->name, name) < 0;
	return rank;
}

static uint64_t cpu_key(float percent)
{
	uint32_t bits;

	if (!(percent >= 0))
		return 0;
	/* Floats that are not negative have the same order as their bits. */
	percent += 0.0f;
	memcpy(&bits, &percent, sizeof(bits));
	return (uint64_t)bits + 1;
}

static void find_states(const struct subject *subject, uint64_t *keys)
{
	uint64_t ranks[STATE_COUNT];

	for (int i = 0; i < STATE_COUNT; i++)
		ranks[i] = state_rank((enum task_state)i);
	for (size_t i = 0; i < subject->count; i++) {
		unsigned state = task_at(subject, i)->state;

		bring_task(subject, i, COLUMN_STATE);
		keys[i] = ranks[state < STATE_COUNT ? state : STATE_UNKNOWN];
	}
}

static uint64_t number_key(enum column_id column, const struct task *task, int64_t now_ns)
{
	switch (column) {
	case COLUMN_ID:
		return id_key(task);
	case COLUMN_CPU:
		return cpu_key(task->cpu_percent);
	case COLUMN_SWITCHES:
		return task->switches;
	default:
		return (uint64_t)column_number(column, task, now_ns);
	}
}

static int find_keys(struct task_orders *orders, const struct subject *subject,
		     enum column_id column)
{
	if (text_ranks_has(column))
		return text_ranks_find(&orders->ranks, subject->snapshot, subject->list,
				       subject->count, column, orders->keys);
	if (column == COLUMN_STATE)
		find_states(subject, orders->keys);
	else
		for (size_t i = 0; i < subject->count; i++) {
			bring_task(subject, i, column);
			orders->keys[i] =
				number_key(column, task_at(subject, i), subject->now_ns);
		}
	return 0;
}

static bool make_room(struct task_orders *orders, struct task_order *order, size_t count)
{
	return array_reserve(&order->list, &order->cap_list, count) &&
	       array_reserve(&order->groups, &order->cap_groups, count) &&
	       array_reserve(&orders->keys, &orders->cap_keys, count) &&
	       array_reserve(&orders->items, &orders->cap_items, count) &&
	       array_reserve(&orders->spare, &orders->cap_spare, count);
}

/* Finds the groups of equal keys among the sorted items. */
static void find_groups(struct task_order *order, const struct sort_item *items,
			size_t count)
{
	order->nr_groups = 0;
	for (size_t i = 0; i < count; i++)
		if (i == 0 || items[i].key != items[i - 1].key)
			order->groups[order->nr_groups++] = (uint32_t)i;
}

static size_t group_end(const struct task_order *order, size_t group)
{
	return group + 1 < order->nr_groups ? order->groups[group + 1] : order->count;
}

/* Sorts those of the sorted items that have equal keys by kind and id. */
static void sort_ids(struct task_orders *orders, const struct subject *subject,
		     struct sort_item *items, size_t count)
{
	for (size_t i = 0, end; i < count; i = end) {
		uint64_t key = items[i].key;

		for (end = i + 1; end < count && items[end].key == key; end++)
			continue;
		if (end - i < 2)
			continue;
		for (size_t at = i; at < end; at++)
			items[at].key = id_key(task_at(subject, items[at].index));
		sort_items(items + i, orders->spare, end - i);
	}
}

/* order->list becomes one of places in subject->list. */
static void sort_by_age(struct task_orders *orders, struct task_order *order,
			const struct subject *subject)
{
	order->any_now = true;
	order->count = subject->count;
	for (size_t i = 0; i < subject->count; i++) {
		int64_t age_ns = task_age_ns(task_at(subject, i), subject->now_ns);

		bring_task(subject, i, COLUMN_AGE);
		order->any_now &= age_ns != 0;
		orders->items[i] =
			(struct sort_item){(uint64_t)(age_ns + 1), (uint32_t)i};
	}
	sort_items(orders->items, orders->spare, subject->count);
	find_groups(order, orders->items, subject->count);
	sort_ids(orders, subject, orders->items, subject->count);
	for (size_t i = 0; i < subject->count; i++)
		order->list[i] = orders->items[i].index;
}

/* Sorts by id, if no two have the same, so that their ages do not matter. */
static bool sort_distinct(struct task_orders *orders, struct task_order *order,
			  const struct subject *subject)
{
	size_t count = subject->count;

	for (size_t i = 0; i < count; i++)
		orders->items[i] = (struct sort_item){orders->keys[i], (uint32_t)i};
	sort_items(orders->items, orders->spare, count);
	find_groups(order, orders->items, count);
	if (order->nr_groups != count)
		return false;
	for (size_t i = 0; i < count; i++)
		order->list[i] = subject->list[orders->items[i].index];
	order->count = count;
	order->any_now = true;
	return true;
}

/* How many items before it is used the task of one is asked for. */
#define BEFORE_TASK 16u

/* Sorts items from `from` to `end`, which are equal in a column: the oldest come first. */
static void sort_equal(struct task_orders *orders, struct task_order *order,
		       const struct subject *subject, size_t from, size_t end)
{
	struct sort_item *items = orders->ranks.items;

	for (size_t i = from; i < end; i++) {
		const struct task *task = task_at(subject, items[i].index);
		int64_t age_ns = task_age_ns(task, subject->now_ns);

		if (i + BEFORE_TASK < subject->count)
			__builtin_prefetch(
				task_at(subject, items[i + BEFORE_TASK].index));
		order->any_now &= age_ns != 0;
		items[i].key = ~(uint64_t)(age_ns + 1);
	}
	sort_items(items + from, orders->spare, end - from);
	sort_ids(orders, subject, items + from, end - from);
}

/* Takes the order of texts of which few are equal. Only the tasks that have those are sorted
 * by age. */
static void sort_separate(struct task_orders *orders, struct task_order *order,
			  const struct subject *subject)
{
	const struct text_ranks *ranks = &orders->ranks;

	order->count = subject->count;
	order->nr_groups = ranks->rank;
	order->any_now = true;
	for (size_t group = 0; group < order->nr_groups; group++)
		order->groups[group] = ranks->first[group];
	for (size_t group = 0; group < order->nr_groups; group++) {
		size_t from = order->groups[group], end = group_end(order, group);

		if (end - from > 1)
			sort_equal(orders, order, subject, from, end);
	}
	for (size_t i = 0; i < subject->count; i++)
		order->list[i] = subject->list[ranks->items[i].index];
}

/* Sorts tasks whose ages matter in few cases or none. Returns false if they matter. */
static bool sort_without_ages(struct task_orders *orders, struct task_order *order,
			      const struct subject *subject, enum column_id column)
{
	if (column == COLUMN_ID)
		return sort_distinct(orders, order, subject);
	if (!text_ranks_has(column) || !orders->ranks.separate)
		return false;
	sort_separate(orders, order, subject);
	return true;
}

/* How many tasks before it is used the rank of one is asked for. */
#define BEFORE_RANK 16u

/* Every rank is the key of a task at least: how many have it says where they begin. */
static void sort_by_rank(struct task_orders *orders, struct task_order *order,
			 const struct task_order *by_age, const struct subject *subject)
{
	uint32_t *next = order->groups, start = 0;
	size_t nr_ranks = orders->ranks.rank;

	memset(next, 0, nr_ranks * sizeof(*next));
	for (size_t i = 0; i < subject->count; i++)
		next[orders->keys[i]]++;
	for (size_t rank = 0; rank < nr_ranks; rank++) {
		uint32_t here = next[rank];

		next[rank] = start;
		start += here;
	}
	for (size_t group = by_age->nr_groups; group-- > 0;)
		for (size_t i = by_age->groups[group]; i < group_end(by_age, group);
		     i++) {
			uint32_t place = by_age->list[i];

			if (i >= BEFORE_RANK)
				__builtin_prefetch(
					&orders->keys[by_age->list[i - BEFORE_RANK]]);
			order->list[next[orders->keys[place]]++] = subject->list[place];
		}
	/* Each is now where the next begins. */
	for (size_t rank = nr_ranks; rank-- > 1;)
		next[rank] = next[rank - 1];
	if (nr_ranks > 0)
		next[0] = 0;
	order->nr_groups = nr_ranks;
	order->count = subject->count;
	order->any_now = true;
}

/* by_age is one of places in subject->list. */
static void sort_by_column(struct task_orders *orders, struct task_order *order,
			   const struct task_order *by_age, const struct subject *subject,
			   enum column_id column)
{
	size_t at = 0;

	if (text_ranks_has(column)) {
		sort_by_rank(orders, order, by_age, subject);
		return;
	}
	for (size_t group = by_age->nr_groups; group-- > 0;)
		for (size_t i = by_age->groups[group]; i < group_end(by_age, group);
		     i++) {
			uint32_t place = by_age->list[i];

			orders->items[at++] =
				(struct sort_item){orders->keys[place], place};
		}
	sort_items(orders->items, orders->spare, subject->count);
	order->count = subject->count;
	order->any_now = true;
	find_groups(order, orders->items, subject->count);
	for (size_t i = 0; i < subject->count; i++)
		order->list[i] = subject->list[orders->items[i].index];
}

static bool is_known(const struct task_order *order, const struct snapshot *snapshot,
		     enum column_id column, int64_t now_ns)
{
	return order->snapshot != 0 && order->snapshot == snapshot->number &&
	       order->column == column && order->count == snapshot->nr_tasks &&
	       (order->now_ns == now_ns || (order->any_now && now_ns > order->now_ns));
}

bool task_orders_known(const struct task_orders *orders, const struct snapshot *snapshot,
		       enum column_id column, int64_t now_ns)
{
	return is_known(column == COLUMN_AGE ? &orders->by_age : &orders->by_column,
			snapshot, column, now_ns);
}

static void set_known(struct task_order *order, const struct subject *subject,
		      enum column_id column)
{
	order->snapshot = subject->snapshot->number;
	order->column = column;
	order->now_ns = subject->now_ns;
}

/* Returns the indices of all tasks, in their order. */
static const uint32_t *all_tasks(struct task_orders *orders, size_t count)
{
	size_t before = orders->cap_all;

	if (!array_reserve(&orders->all, &orders->cap_all, count))
		return NULL;
	for (size_t i = before; i < orders->cap_all; i++)
		orders->all[i] = (uint32_t)i;
	return orders->all;
}

static const struct task_order *find_by_age(struct task_orders *orders,
					    const struct subject *subject)
{
	struct task_order *order = &orders->by_age;

	if (is_known(order, subject->snapshot, COLUMN_AGE, subject->now_ns))
		return order;
	order->snapshot = 0;
	if (!make_room(orders, order, subject->count))
		return NULL;
	sort_by_age(orders, order, subject);
	set_known(order, subject, COLUMN_AGE);
	return order;
}

const struct task_order *task_orders_all(struct task_orders *orders,
					 const struct snapshot *snapshot,
					 enum column_id column, int64_t now_ns)
{
	struct task_order *order = &orders->by_column;
	struct subject subject = {snapshot, all_tasks(orders, snapshot->nr_tasks),
				  snapshot->nr_tasks, now_ns};
	const struct task_order *by_age;

	if (!subject.list)
		return NULL;
	if (column == COLUMN_AGE)
		return find_by_age(orders, &subject);
	if (is_known(order, snapshot, column, now_ns))
		return order;
	order->snapshot = 0;
	if (!make_room(orders, order, subject.count) ||
	    find_keys(orders, &subject, column) != 0)
		return NULL;
	if (!sort_without_ages(orders, order, &subject, column)) {
		by_age = find_by_age(orders, &subject);
		if (!by_age)
			return NULL;
		sort_by_column(orders, order, by_age, &subject, column);
		order->any_now = by_age->any_now;
	}
	set_known(order, &subject, column);
	return order;
}

const struct task_order *task_orders_some(struct task_orders *orders,
					  const struct snapshot *snapshot,
					  const uint32_t *list, size_t count,
					  enum column_id column, int64_t now_ns)
{
	struct subject subject = {snapshot, list, count, now_ns};
	struct task_order *by_age = &orders->some_by_age, *order = &orders->some;

	if (!make_room(orders, by_age, count))
		return NULL;
	if (column != COLUMN_AGE) {
		if (!make_room(orders, order, count) ||
		    find_keys(orders, &subject, column) != 0)
			return NULL;
		if (sort_without_ages(orders, order, &subject, column))
			return order;
	}
	sort_by_age(orders, by_age, &subject);
	if (column == COLUMN_AGE) {
		for (size_t i = 0; i < count; i++)
			by_age->list[i] = list[by_age->list[i]];
		return by_age;
	}
	sort_by_column(orders, order, by_age, &subject, column);
	return order;
}
