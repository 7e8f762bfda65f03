/* SPDX-License-Identifier: MIT */
/* Radix sort with digits of 11 bits: at most six passes, fewer if all items have the same
 * digit. */
#include "core/sort.h"

#include <stdbool.h>
#include <string.h>

#define SORT_BITS          11
#define SORT_BUCKETS       (1u << SORT_BITS)
#define SORT_DIGITS        6
#define SORT_INSERTION_MAX 24
#define SORT_MERGE_MAX     2048

static inline uint64_t sort_value(const struct sort_item *item, enum sort_by by)
{
	return by == SORT_BY_KEY ? item->key : item->tie;
}

static void sort_insertion(struct sort_item *items, size_t count, enum sort_by by)
{
	for (size_t i = 1; i < count; i++) {
		struct sort_item item = items[i];
		uint64_t value = sort_value(&item, by);
		size_t at = i;

		for (; at > 0 && sort_value(&items[at - 1], by) > value; at--)
			items[at] = items[at - 1];
		items[at] = item;
	}
}

static void merge_runs(const struct sort_item *from, size_t left, size_t right,
		       size_t end, struct sort_item *to, enum sort_by by)
{
	size_t middle = right, at = left;

	while (left < middle && right < end)
		to[at++] = sort_value(&from[right], by) < sort_value(&from[left], by)
				   ? from[right++]
				   : from[left++];
	while (left < middle)
		to[at++] = from[left++];
	while (right < end)
		to[at++] = from[right++];
}

static void sort_merge(struct sort_item *items, struct sort_item *spare, size_t count,
		       enum sort_by by)
{
	struct sort_item *from = items, *to = spare;

	for (size_t i = 0; i < count; i += SORT_INSERTION_MAX)
		sort_insertion(items + i,
			       count - i < SORT_INSERTION_MAX ? count - i
							      : SORT_INSERTION_MAX,
			       by);
	for (size_t width = SORT_INSERTION_MAX; width < count; width *= 2) {
		struct sort_item *merged = to;

		for (size_t i = 0; i < count; i += 2 * width) {
			size_t middle = i + width < count ? i + width : count;
			size_t end = middle + width < count ? middle + width : count;

			merge_runs(from, i, middle, end, to, by);
		}
		to = from;
		from = merged;
	}
	if (from != items)
		memcpy(items, from, count * sizeof(*items));
}

static void sort_digits(struct sort_item *items, struct sort_item *spare, size_t count,
			enum sort_by by)
{
	uint32_t counts[SORT_DIGITS][SORT_BUCKETS];
	struct sort_item *from = items, *to = spare;

	memset(counts, 0, sizeof(counts));
	for (size_t i = 0; i < count; i++) {
		uint64_t value = sort_value(&items[i], by);

		for (int digit = 0; digit < SORT_DIGITS; digit++)
			counts[digit]
			      [value >> (digit * SORT_BITS) & (SORT_BUCKETS - 1)]++;
	}
	for (int digit = 0; digit < SORT_DIGITS; digit++) {
		uint32_t *buckets = counts[digit], start = 0;
		int shift = digit * SORT_BITS;
		struct sort_item *sorted = to;

		if (buckets[sort_value(&from[0], by) >> shift & (SORT_BUCKETS - 1)] ==
		    count)
			continue;
		for (unsigned int i = 0; i < SORT_BUCKETS; i++) {
			uint32_t here = buckets[i];

			buckets[i] = start;
			start += here;
		}
		for (size_t i = 0; i < count; i++)
			to[buckets[sort_value(&from[i], by) >> shift &
				   (SORT_BUCKETS - 1)]++] = from[i];
		to = from;
		from = sorted;
	}
	if (from != items)
		memcpy(items, from, count * sizeof(*items));
}

static bool sort_is_sorted(const struct sort_item *items, size_t count, enum sort_by by)
{
	for (size_t i = 1; i < count; i++)
		if (sort_value(&items[i - 1], by) > sort_value(&items[i], by))
			return false;
	return true;
}

void sort_items(struct sort_item *items, struct sort_item *spare, size_t count,
		enum sort_by by)
{
	if (count <= SORT_INSERTION_MAX)
		sort_insertion(items, count, by);
	else if (sort_is_sorted(items, count, by))
		return;
	else if (count <= SORT_MERGE_MAX)
		sort_merge(items, spare, count, by);
	else
		sort_digits(items, spare, count, by);
}
