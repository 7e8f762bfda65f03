/* SPDX-License-Identifier: MIT */
/* Radix sort with digits of at most 11 bits: at most six passes. Bits in which no two keys
 * differ are left out first, so that digits and letters, which differ in few, take few
 * passes, and an item mostly fits into 64 bits. */
#include "core/sort.h"

#include <stdbool.h>
#include <string.h>

#define SORT_BITS          11
#define SORT_BUCKETS       (1u << SORT_BITS)
#define SORT_INSERTION_MAX 24
#define SORT_MERGE_MAX     2048
#define SORT_GROUPS        8

static void sort_insertion(struct sort_item *items, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct sort_item item = items[i];
		uint64_t value = item.key;
		size_t at = i;

		for (; at > 0 && items[at - 1].key > value; at--)
			items[at] = items[at - 1];
		items[at] = item;
	}
}

static void merge_runs(const struct sort_item *from, size_t left, size_t right,
		       size_t end, struct sort_item *to)
{
	size_t middle = right, at = left;

	while (left < middle && right < end)
		to[at++] =
			from[right].key < from[left].key ? from[right++] : from[left++];
	while (left < middle)
		to[at++] = from[left++];
	while (right < end)
		to[at++] = from[right++];
}

static void sort_merge(struct sort_item *items, struct sort_item *spare, size_t count)
{
	struct sort_item *from = items, *to = spare;

	for (size_t i = 0; i < count; i += SORT_INSERTION_MAX)
		sort_insertion(items + i, count - i < SORT_INSERTION_MAX
						  ? count - i
						  : SORT_INSERTION_MAX);
	for (size_t width = SORT_INSERTION_MAX; width < count; width *= 2) {
		struct sort_item *merged = to;

		for (size_t i = 0; i < count; i += 2 * width) {
			size_t middle = i + width < count ? i + width : count;
			size_t end = middle + width < count ? middle + width : count;

			merge_runs(from, i, middle, end, to);
		}
		to = from;
		from = merged;
	}
	if (from != items)
		memcpy(items, from, count * sizeof(*items));
}

/* Neighbouring bits of a key that are kept, and where they go. */
struct bit_group {
	uint64_t mask;
	int shift;
};

/* Lists the groups of bits in which keys differ, lowest first. Returns how many bits they
 * are. */
static int find_groups(uint64_t differ, struct bit_group groups[SORT_GROUPS + 1],
		       size_t *nr_groups)
{
	int kept = 0;

	*nr_groups = 0;
	while (differ != 0) {
		int from = __builtin_ctzll(differ);
		uint64_t rest = ~(differ >> from);
		int bits = rest == 0 ? 64 - from : __builtin_ctzll(rest);

		/* Too many groups: the rest is one, with the bits between. */
		if (*nr_groups == SORT_GROUPS)
			bits = 64 - __builtin_clzll(differ) - from;
		groups[*nr_groups].mask = (bits == 64 ? ~0ull : (1ull << bits) - 1)
					  << from;
		groups[*nr_groups].shift = from - kept;
		differ &= ~groups[(*nr_groups)++].mask;
		kept += bits;
	}
	return kept;
}

/* Keys of which only the bits that differ are kept, before the bits of their index: half as
 * much memory to move about as items. They are in memory of items. */
typedef uint64_t __attribute__((may_alias)) packed_key;

/* How items become packed keys. */
struct packing {
	struct bit_group groups[SORT_GROUPS + 1];
	size_t nr_groups;
	int index_bits;
};

static int bits_of(uint64_t number)
{
	return number == 0 ? 0 : 64 - __builtin_clzll(number);
}

static void pack_items(const struct packing *packing, const struct sort_item *items,
		       packed_key *to, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t key = items[i].key, packed = 0;

		for (size_t g = 0; g < packing->nr_groups; g++)
			packed |= (key & packing->groups[g].mask) >>
				  packing->groups[g].shift;
		to[i] = packed << packing->index_bits | items[i].index;
	}
}

/* Sorts by the bits from `shift` on that the mask has. */
static void sort_packed_digit(const packed_key *from, packed_key *to, size_t count,
			      int shift, uint32_t mask)
{
	uint32_t buckets[SORT_BUCKETS], start = 0;

	memset(buckets, 0, (mask + 1) * sizeof(buckets[0]));
	for (size_t i = 0; i < count; i++)
		buckets[from[i] >> shift & mask]++;
	for (uint32_t i = 0; i <= mask; i++) {
		uint32_t here = buckets[i];

		buckets[i] = start;
		start += here;
	}
	for (size_t i = 0; i < count; i++)
		to[buckets[from[i] >> shift & mask]++] = from[i];
}

/* Sorts items whose keys have `bits` bits that differ, which with an index fit into 64. The
 * digits are no longer than they must be: few places to write to stay in a cache. */
static void sort_packed(const struct packing *packing, int bits, struct sort_item *items,
			struct sort_item *spare, size_t count)
{
	packed_key *from = (packed_key *)spare, *to = from + count;
	int index_bits = packing->index_bits;
	int passes = (bits + SORT_BITS - 1) / SORT_BITS;
	int digit = (bits + passes - 1) / passes;

	pack_items(packing, items, from, count);
	for (int pass = 0; pass < passes; pass++) {
		packed_key *sorted = to;

		sort_packed_digit(from, to, count, index_bits + pass * digit,
				  (1u << digit) - 1);
		to = from;
		from = sorted;
	}
	for (size_t i = 0; i < count; i++)
		items[i] = (struct sort_item){
			from[i] >> index_bits,
			(uint32_t)(from[i] & ((1ull << index_bits) - 1))};
}

/* Sorts by one digit. */
static void sort_digit(const struct sort_item *from, struct sort_item *to, size_t count,
		       int shift)
{
	uint32_t buckets[SORT_BUCKETS], start = 0;

	memset(buckets, 0, sizeof(buckets));
	for (size_t i = 0; i < count; i++)
		buckets[from[i].key >> shift & (SORT_BUCKETS - 1)]++;
	for (unsigned int i = 0; i < SORT_BUCKETS; i++) {
		uint32_t here = buckets[i];

		buckets[i] = start;
		start += here;
	}
	for (size_t i = 0; i < count; i++)
		to[buckets[from[i].key >> shift & (SORT_BUCKETS - 1)]++] = from[i];
}

static void sort_digits(struct sort_item *items, struct sort_item *spare, size_t count,
			uint64_t differ)
{
	struct sort_item *from = items, *to = spare;

	for (int shift = 0; shift < 64; shift += SORT_BITS) {
		struct sort_item *sorted = to;

		if ((differ >> shift & (SORT_BUCKETS - 1)) == 0)
			continue;
		sort_digit(from, to, count, shift);
		to = from;
		from = sorted;
	}
	if (from != items)
		memcpy(items, from, count * sizeof(*items));
}

static void sort_many(struct sort_item *items, struct sort_item *spare, size_t count)
{
	uint64_t differ = 0;
	uint32_t indices = 0;
	struct packing packing;
	int bits;

	for (size_t i = 0; i < count; i++) {
		differ |= items[i].key ^ items[0].key;
		indices |= items[i].index;
	}
	bits = find_groups(differ, packing.groups, &packing.nr_groups);
	packing.index_bits = bits_of(indices);
	if (bits + packing.index_bits <= 64)
		sort_packed(&packing, bits, items, spare, count);
	else
		sort_digits(items, spare, count, differ);
}

static bool sort_is_sorted(const struct sort_item *items, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (items[i - 1].key > items[i].key)
			return false;
	return true;
}

void sort_items(struct sort_item *items, struct sort_item *spare, size_t count)
{
	if (count <= SORT_INSERTION_MAX)
		sort_insertion(items, count);
	else if (sort_is_sorted(items, count))
		return;
	else if (count <= SORT_MERGE_MAX)
		sort_merge(items, spare, count);
	else
		sort_many(items, spare, count);
}
