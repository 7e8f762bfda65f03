/* SPDX-License-Identifier: MIT */
/* Stable ascending sort of rows by a number. Uses insertion, merge or radix sort,
 * depending on their number. */
#ifndef CORE_SORT_H
#define CORE_SORT_H

#include <stddef.h>
#include <stdint.h>

struct sort_item {
	uint64_t key;
	uint32_t index;
};

/* spare: room for `count` items. Afterwards the keys may be other numbers, of which two
 * are equal exactly if they were before. */
void sort_items(struct sort_item *items, struct sort_item *spare, size_t count);

#endif
