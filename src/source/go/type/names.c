/* SPDX-License-Identifier: MIT */
#include "source/go/type/names.h"

#include <stdlib.h>

#include "base/hash.h"
#include "source/go/type/descriptor.h"

#define SLOTS_FIRST 4096u
#define NAMES_MAX   (1u << 20) /* in the index of a module */
#define SAME_MAX    64u        /* descriptors of one name that are looked at */
#define SCAN_BYTES  (64ull << 20)

void go_names_release(struct go_names *names)
{
	for (unsigned i = 0; i < GO_RANGES_MAX; i++)
		free(names->ranges[i].slots);
}

/* Reads the descriptor that the list names, and its name. */
static bool read_link(struct go_ranges *ranges, struct go_type_range *range,
		      uint64_t link, uint64_t *address, char name[GO_TYPE_NAME_MAX + 1])
{
	struct go_descriptor descriptor;
	uint32_t offset;

	if (!memory_read(ranges->mem, range->links + link * sizeof(offset), &offset,
			 sizeof(offset)))
		return false;
	*address = range->types + offset;
	return go_descriptor_read(ranges, range, *address, &descriptor) &&
	       go_range_text(ranges, range, &descriptor.name, name);
}

static uint64_t find_link(struct go_ranges *ranges, struct go_type_range *range,
			  const char *wanted, unsigned *turn)
{
	uint64_t low = 0, high = range->nr_links, address;
	char name[GO_TYPE_NAME_MAX + 1];

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (!read_link(ranges, range, middle, &address, name))
			return 0;
		if (strcmp(name, wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (unsigned i = 0; i < SAME_MAX && low + i < range->nr_links; i++) {
		if (!read_link(ranges, range, low + i, &address, name) ||
		    strcmp(name, wanted) != 0)
			return 0;
		if ((*turn)-- == 0)
			return address;
	}
	return 0;
}

static uint32_t hash_name(const struct go_names *names, const char *name)
{
	return (uint32_t)hash_bytes(names->seed, name, strlen(name));
}

static void put(struct go_name_slot *slots, size_t nr_slots, struct go_name_slot slot)
{
	size_t at = slot.hash & (nr_slots - 1);

	while (slots[at].offset)
		at = (at + 1) & (nr_slots - 1);
	slots[at] = slot;
}

static bool add_name(struct go_names *names, unsigned i, const char *name,
		     uint64_t offset)
{
	size_t nr_slots = names->ranges[i].nr_slots;

	if (names->ranges[i].nr >= nr_slots / 4 * 3) {
		size_t more = nr_slots ? nr_slots * 2 : SLOTS_FIRST;
		struct go_name_slot *slots =
			more > NAMES_MAX * 2 ? NULL : calloc(more, sizeof(*slots));

		if (!slots)
			return false;
		for (size_t at = 0; at < nr_slots; at++)
			if (names->ranges[i].slots[at].offset)
				put(slots, more, names->ranges[i].slots[at]);
		free(names->ranges[i].slots);
		names->ranges[i].slots = slots;
		names->ranges[i].nr_slots = nr_slots = more;
	}
	put(names->ranges[i].slots, nr_slots,
	    (struct go_name_slot){hash_name(names, name), (uint32_t)offset});
	names->ranges[i].nr++;
	return true;
}

/* The first descriptor is behind one word. Ends where one is invalid. */
static void build_index(struct go_names *names, struct go_ranges *ranges, unsigned i)
{
	struct go_type_range *range = &ranges->list[i];
	uint64_t address = range->types + 8, whole;
	struct go_descriptor descriptor;
	char name[GO_TYPE_NAME_MAX + 1];

	names->ranges[i].built = true;
	while (address < range->listed &&
	       go_descriptor_read(ranges, range, address, &descriptor)) {
		whole = go_descriptor_whole(ranges, range, address, &descriptor);
		if (whole == 0 || (go_range_text(ranges, range, &descriptor.name, name) &&
				   !add_name(names, i, name, address - range->types)))
			return;
		address += (whole + 7) / 8 * 8;
	}
}

/* Where descriptors are not listed, those of types with a name are found by their form:
 * each begins at a multiple of eight. */
static void scan_index(struct go_names *names, struct go_ranges *ranges, unsigned i)
{
	struct go_type_range *range = &ranges->list[i];
	uint64_t end = range->end - range->types < SCAN_BYTES ? range->end
							      : range->types + SCAN_BYTES;
	char name[GO_TYPE_NAME_MAX + 1];

	names->ranges[i].built = true;
	for (uint64_t at = range->types + 8; at + GO_DESCRIPTOR_BYTES <= end; at += 8) {
		struct go_descriptor descriptor;
		size_t bytes;
		const uint8_t *copy = go_range_bytes(ranges, range, at, &bytes);

		if (!copy)
			return;
		for (; bytes >= GO_DESCRIPTOR_BYTES && !go_descriptor_may_be(copy);
		     bytes -= 8, copy += 8)
			at += 8;
		if (go_descriptor_read(ranges, range, at, &descriptor) &&
		    descriptor.named &&
		    go_range_text(ranges, range, &descriptor.name, name) &&
		    !add_name(names, i, name, at - range->types))
			return;
	}
}

static uint64_t find_indexed(struct go_names *names, struct go_ranges *ranges, unsigned i,
			     const char *wanted, unsigned *turn)
{
	const struct go_type_range *range = &ranges->list[i];
	uint32_t hash = hash_name(names, wanted);
	size_t nr_slots;

	if (!names->ranges[i].built && range->listed)
		build_index(names, ranges, i);
	else if (!names->ranges[i].built)
		scan_index(names, ranges, i);
	nr_slots = names->ranges[i].nr_slots;
	if (nr_slots == 0)
		return 0;
	for (size_t at = hash & (nr_slots - 1); names->ranges[i].slots[at].offset;
	     at = (at + 1) & (nr_slots - 1))
		if (names->ranges[i].slots[at].hash == hash && (*turn)-- == 0)
			return range->types + names->ranges[i].slots[at].offset;
	return 0;
}

uint64_t go_names_find(struct go_names *names, struct go_ranges *ranges, const char *name,
		       bool scanned, unsigned turn)
{
	uint64_t address = 0;

	if (!names->seed)
		names->seed = hash_seed();
	go_ranges_of(ranges, 0); /* adds modules */
	for (unsigned i = 0; i < ranges->nr && !address; i++)
		address = ranges->list[i].listed || scanned
				  ? find_indexed(names, ranges, i, name, &turn)
				  : find_link(ranges, &ranges->list[i], name, &turn);
	return address;
}
