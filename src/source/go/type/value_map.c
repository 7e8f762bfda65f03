/* SPDX-License-Identifier: MIT */
/*
 * Maps. To Go 1.23 (runtime/map.go) a map is an array of buckets of eight, each with a
 * list of more buckets, and while it grows the old array as well. Since 1.24
 * (internal/runtime/maps) it is one group of eight, or tables of such groups.
 */
#include "source/go/type/print.h"

#define SLOTS      8u
#define GROUPS_MAX 24u /* read of a map */
#define TABLES_MAX 16u
#define OLD_FIRST  5u /* smaller bytes mark slots without an element */
#define OLD_EMPTY  1u /* slots of a bucket that was not moved have this or less */
#define SWISS_NONE 0x80u
#define COUNT_MAX  (1ull << 40)
#define SHIFT_MAX  40u

struct map_print {
	struct go_print *print;
	const struct go_type *key, *element;
	const struct go_map_layout *layout;
	unsigned levels;
	uint64_t length, shown, groups;
	uint8_t group[GO_VALUE_BYTES_MAX];
};

static bool is_done(const struct map_print *map)
{
	return map->shown == GO_VALUE_ELEMENTS || map->shown == map->length ||
	       map->groups == GROUPS_MAX || map->print->text->full;
}

static struct go_place part_of(const struct map_print *map, uint64_t address,
			       uint32_t offset, bool is_pointer)
{
	struct go_place place = {.address = address + offset};

	if (offset >= map->layout->group_bytes)
		return place;
	if (is_pointer && offset + 8 <= map->layout->group_bytes)
		return (struct go_place){.address = load_u64(map->group + offset)};
	place.bytes = map->group + offset;
	place.copied = map->layout->group_bytes - offset;
	return place;
}

static void print_slot(struct map_print *map, uint64_t address, unsigned slot)
{
	const struct go_map_layout *layout = map->layout;
	struct go_place key =
		part_of(map, address, layout->keys + slot * layout->key_stride,
			layout->key_is_pointer);
	struct go_place element =
		part_of(map, address, layout->elements + slot * layout->element_stride,
			layout->element_is_pointer);

	if (map->shown++ > 0)
		oneline_put(map->print->text, ", ");
	map->print->any(map->print, map->key, &key, map->levels,
			map->key->kind == GO_KIND_INTERFACE);
	oneline_put(map->print->text, ": ");
	map->print->any(map->print, map->element, &element, map->levels,
			map->element->kind == GO_KIND_INTERFACE);
}

static bool read_group(struct map_print *map, uint64_t address)
{
	map->groups++;
	return go_print_read(map->print->values, address, map->group,
			     map->layout->group_bytes);
}

/* A bucket and those that follow it. is_old: of the array that is being left. */
static void print_buckets(struct map_print *map, uint64_t address, bool is_old)
{
	while (address && !is_done(map) && read_group(map, address)) {
		if (is_old && map->group[0] > OLD_EMPTY && map->group[0] < OLD_FIRST)
			return; /* moved */
		for (unsigned slot = 0; slot < SLOTS && !is_done(map); slot++)
			if (map->group[slot] >= OLD_FIRST)
				print_slot(map, address, slot);
		address = load_u64(map->group + map->layout->group_bytes - 8);
	}
}

static void print_old(struct map_print *map, const uint64_t words[4])
{
	unsigned shift = words[1] >> 8 & 0xff;
	bool same_size = words[1] & 8;

	if (shift > SHIFT_MAX)
		return;
	for (uint64_t i = 0; i < 1ull << shift && words[2] && !is_done(map); i++)
		print_buckets(map, words[2] + i * map->layout->group_bytes, false);
	if (!same_size && shift > 0)
		shift--;
	for (uint64_t i = 0; i < 1ull << shift && words[3] && !is_done(map); i++)
		print_buckets(map, words[3] + i * map->layout->group_bytes, true);
}

static void print_group(struct map_print *map, uint64_t address)
{
	if (!read_group(map, address))
		return;
	for (unsigned slot = 0; slot < SLOTS && !is_done(map); slot++)
		if (!(map->group[slot] & SWISS_NONE))
			print_slot(map, address, slot);
}

static void print_table(struct map_print *map, uint64_t address)
{
	uint64_t words[4]; /* counts, index, groups, their number less one */

	if (!go_print_read(map->print->values, address, words, sizeof(words)) ||
	    words[3] > COUNT_MAX)
		return;
	for (uint64_t i = 0; i <= words[3] && !is_done(map); i++)
		print_group(map, words[2] + i * map->layout->group_bytes);
}

/* A table may be in the directory several times, one after the other. */
static void print_swiss(struct map_print *map, const uint64_t words[4])
{
	uint64_t before = 0, table;

	if (words[3] == 0) {
		print_group(map, words[2]);
		return;
	}
	for (uint64_t i = 0, read = 0; i < words[3] && read < TABLES_MAX && !is_done(map);
	     i++) {
		if (!go_print_read(map->print->values, words[2] + i * 8, &table,
				   sizeof(table)))
			return;
		if (table == before)
			continue;
		print_table(map, table);
		before = table;
		read++;
	}
}

void go_print_map(struct go_print *print, const struct go_type *type,
		  const struct go_place *place, unsigned levels, bool typed)
{
	struct map_print map = {.print = print,
				.key = go_type_key(type),
				.element = go_type_element(type),
				.layout = go_type_map(type),
				.levels = levels > 0 ? levels - 1 : 0};
	uint64_t word, words[4];

	if (!go_print_header(print, type, place, typed, &word, words, sizeof(words)))
		return;
	map.length = words[0];
	oneline_printf(print->text, "len: %llu", (unsigned long long)words[0]);
	if (!map.layout || map.layout->group_bytes > sizeof(map.group) || levels == 0 ||
	    words[0] > COUNT_MAX || words[0] == 0)
		return;
	oneline_put(print->text, ", [");
	if (map.layout->swiss)
		print_swiss(&map, words);
	else
		print_old(&map, words);
	if (map.shown < map.length)
		oneline_printf(print->text, "%s...+%llu more", map.shown ? ", " : "",
			       (unsigned long long)(map.length - map.shown));
	oneline_put(print->text, "]");
	go_print_confirm(print->values, place, &word, sizeof(word));
}
