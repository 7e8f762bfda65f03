/* SPDX-License-Identifier: MIT */
/* Stable ascending sort of rows by a number. Uses insertion, merge or radix sort,
 * depending on their number. */
#ifndef CORE_SORT_H
#define CORE_SORT_H

#include <stddef.h>
#include <stdint.h>

struct sort_item {
	uint64_t key;
	uint64_t tie;
	uint32_t index;
	uint32_t slot;
};

enum sort_by { SORT_BY_KEY, SORT_BY_TIE };

/* spare: room for `count` items. */
void sort_items(struct sort_item *items, struct sort_item *spare, size_t count,
		enum sort_by by);

#endif
