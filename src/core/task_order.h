/* SPDX-License-Identifier: MIT */
/*
 * The order of the tasks of a snapshot by a column: ascending, and among equal ones by
 * descending age, then by kind and id. The orders by age and by the last column are kept
 * until there is another snapshot, so that a new filter or direction sorts nothing.
 */
#ifndef CORE_TASK_ORDER_H
#define CORE_TASK_ORDER_H

#include "core/text_ranks.h"

struct task_order {
	uint32_t *list; /* indices of tasks */
	size_t count;
	/* Where each group of tasks begins that are equal in the column. */
	uint32_t *groups;
	size_t nr_groups;
	size_t cap_list, cap_groups;
	/* Of which it is; 0 if of none. */
	uint64_t snapshot;
	enum column_id column;
	int64_t now_ns;
	bool any_now; /* it is the same at any later time */
};

struct task_orders {
	struct task_order by_age, by_column;
	struct task_order some_by_age, some; /* of a few tasks, not kept */
	struct text_ranks ranks;
	uint64_t *keys;
	uint32_t *all;
	struct sort_item *items, *spare;
	size_t cap_keys, cap_all, cap_items, cap_spare;
};

void task_orders_init(struct task_orders *orders);
void task_orders_release(struct task_orders *orders);
/* Returns whether the order of all tasks is known already. */
bool task_orders_known(const struct task_orders *orders, const struct snapshot *snapshot,
		       enum column_id column, int64_t now_ns);
/* Returns the order of all tasks, or NULL if there is no memory. Valid until the next
 * call. */
const struct task_order *task_orders_all(struct task_orders *orders,
					 const struct snapshot *snapshot,
					 enum column_id column, int64_t now_ns);
/* The same of these tasks only. */
const struct task_order *task_orders_some(struct task_orders *orders,
					  const struct snapshot *snapshot,
					  const uint32_t *list, size_t count,
					  enum column_id column, int64_t now_ns);

#endif
