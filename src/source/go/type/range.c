/* SPDX-License-Identifier: MIT */
#include "source/go/type/range.h"

#include <stdlib.h>

#include "base/utf8.h"

#define WORDS_FIRST  35u /* of moduledata that are read here */
#define WORDS        20u
#define COPIES_MAX   (64u << 20)
#define LINKS_MAX    (1u << 22)
#define NAME_FLAGS   0x1fu
#define NAME_MAX     (1u << 20)
#define VARINT_BYTES 4u

/* Indexes of words in moduledata. */
static const struct row {
	unsigned minor; /* from this version on */
	unsigned types, end;
	unsigned links;  /* a slice of offsets; 0 if there is none */
	unsigned listed; /* the bytes of the descriptors; 0 if there is none */
} rows[] = {
	{27, 37, 39, 0, 38}, {26, 37, 38, 45, 0}, {20, 37, 38, 44, 0},
	{18, 35, 36, 42, 0}, {16, 35, 36, 40, 0},
};

#define NR_ROWS (sizeof(rows) / sizeof(rows[0]))

void go_ranges_init(struct go_ranges *ranges, struct memory *mem,
		    const struct go_module *module)
{
	*ranges = (struct go_ranges){.mem = mem, .module = module};
}

static void drop_copies(struct go_ranges *ranges)
{
	for (unsigned i = 0; i < ranges->nr; i++)
		for (size_t at = 0; at < ranges->list[i].nr_pieces; at++) {
			free(ranges->list[i].pieces[at]);
			ranges->list[i].pieces[at] = NULL;
		}
	ranges->bytes = 0;
}

void go_ranges_release(struct go_ranges *ranges)
{
	drop_copies(ranges);
	for (unsigned i = 0; i < ranges->nr; i++)
		free(ranges->list[i].pieces);
	ranges->nr = 0;
}

static bool fits(const uint64_t *words, const struct row *row,
		 struct go_type_range *range)
{
	const uint64_t *slice = words + row->links - WORDS_FIRST;

	*range = (struct go_type_range){
		.types = words[row->types - WORDS_FIRST],
		.end = words[row->end - WORDS_FIRST],
	};
	if (!range->types || range->types >= range->end ||
	    range->end - range->types > GO_RANGE_BYTES_MAX)
		return false;
	if (row->listed) {
		uint64_t bytes = words[row->listed - WORDS_FIRST];

		range->listed = range->types + bytes;
		return bytes > 0 && range->listed <= range->end;
	}
	range->links = slice[0];
	range->nr_links = slice[1];
	return slice[0] && slice[1] == slice[2] && slice[1] <= LINKS_MAX;
}

/* Finds the layout by version, or if that is unknown or does not fit, by what fits. */
static bool find_range(struct memory *mem, const struct go_module *module,
		       struct go_type_range *range)
{
	uint64_t words[WORDS];
	unsigned by_version = 0;

	if (!memory_read(mem, module->moduledata + WORDS_FIRST * 8, words, sizeof(words)))
		return false;
	while (by_version + 1 < NR_ROWS && module->minor &&
	       rows[by_version].minor > module->minor)
		by_version++;
	if (module->minor && fits(words, &rows[by_version], range))
		return true;
	for (unsigned i = 0; i < NR_ROWS; i++)
		if (fits(words, &rows[i], range))
			return true;
	return false;
}

static void add_range(struct go_ranges *ranges, const struct go_module *module)
{
	struct go_type_range *range = &ranges->list[ranges->nr];
	enum go_era era = module->table.era;

	if (ranges->nr == GO_RANGES_MAX || !find_range(ranges->mem, module, range))
		return;
	range->nr_pieces = ((range->end - range->types) >> GO_PIECE_SHIFT) + 1;
	range->pieces = calloc(range->nr_pieces, sizeof(*range->pieces));
	if (!range->pieces)
		return;
	range->module = module;
	range->long_names = module->minor == 16;
	range->shifted = era == GO_ERA_116 || module->minor == 18;
	ranges->nr++;
}

/* The list of modules only grows at its end. */
static bool add_ranges(struct go_ranges *ranges)
{
	const struct go_module *module =
		ranges->last ? ranges->last->next : ranges->module;
	unsigned before = ranges->nr;

	for (; module; module = module->next) {
		ranges->last = module;
		add_range(ranges, module);
	}
	return ranges->nr > before;
}

struct go_type_range *go_ranges_of(struct go_ranges *ranges, uint64_t address)
{
	do {
		for (unsigned i = 0; i < ranges->nr; i++)
			if (address >= ranges->list[i].types &&
			    address < ranges->list[i].end)
				return &ranges->list[i];
	} while (add_ranges(ranges));
	return NULL;
}

struct go_type_range *go_ranges_in(struct go_ranges *ranges,
				   const struct go_module *module)
{
	do {
		for (unsigned i = 0; i < ranges->nr; i++)
			if (ranges->list[i].module == module)
				return &ranges->list[i];
	} while (add_ranges(ranges));
	return NULL;
}

static const uint8_t *piece_at(struct go_ranges *ranges, struct go_type_range *range,
			       size_t index)
{
	uint64_t start = range->types + ((uint64_t)index << GO_PIECE_SHIFT);
	uint64_t bytes = range->end - start;
	uint8_t *piece;

	if (index >= range->nr_pieces)
		return NULL;
	if (range->pieces[index])
		return range->pieces[index];
	if (ranges->bytes + GO_PIECE_BYTES > COPIES_MAX)
		drop_copies(ranges);
	piece = calloc(1, GO_PIECE_BYTES);
	if (!piece)
		return NULL;
	if (!memory_read(ranges->mem, start, piece,
			 bytes < GO_PIECE_BYTES ? bytes : GO_PIECE_BYTES)) {
		free(piece);
		return NULL;
	}
	ranges->bytes += GO_PIECE_BYTES;
	range->pieces[index] = piece;
	return piece;
}

bool go_range_read(struct go_ranges *ranges, struct go_type_range *range,
		   uint64_t address, void *out, size_t bytes)
{
	uint64_t offset = address - range->types;

	if (offset >= range->end - range->types || bytes > range->end - address)
		return false;
	while (bytes > 0) {
		const uint8_t *piece = piece_at(ranges, range, offset >> GO_PIECE_SHIFT);
		size_t inside = offset & (GO_PIECE_BYTES - 1);
		size_t part = GO_PIECE_BYTES - inside;

		if (!piece)
			return false;
		if (part > bytes)
			part = bytes;
		memcpy(out, piece + inside, part);
		out = (uint8_t *)out + part;
		offset += part;
		bytes -= part;
	}
	return true;
}

const uint8_t *go_range_bytes(struct go_ranges *ranges, struct go_type_range *range,
			      uint64_t address, size_t *bytes)
{
	uint64_t offset = address - range->types, left = range->end - address;
	size_t inside = offset & (GO_PIECE_BYTES - 1);
	const uint8_t *piece;

	if (offset >= range->end - range->types)
		return NULL;
	piece = piece_at(ranges, range, offset >> GO_PIECE_SHIFT);
	*bytes = left < GO_PIECE_BYTES - inside ? left : GO_PIECE_BYTES - inside;
	return piece ? piece + inside : NULL;
}

bool go_range_name(struct go_ranges *ranges, struct go_type_range *range,
		   uint64_t address, struct go_type_name *name)
{
	uint8_t bytes[1 + VARINT_BYTES];
	size_t at = 1;

	if (!go_range_read(ranges, range, address, bytes, 3))
		return false;
	*name = (struct go_type_name){.flags = bytes[0]};
	if (range->long_names) {
		name->bytes = (uint64_t)bytes[1] << 8 | bytes[2];
		at = 3;
	} else {
		do {
			if (at > VARINT_BYTES ||
			    !go_range_read(ranges, range, address + at, bytes + at, 1))
				return false;
			name->bytes |= (uint64_t)(bytes[at] & 0x7f) << (7 * (at - 1));
		} while (bytes[at++] & 0x80);
	}
	name->text = address + at;
	return name->bytes > 0 && name->bytes <= NAME_MAX && name->flags <= NAME_FLAGS &&
	       name->bytes <= range->end - name->text;
}

#define CUT "…"

bool go_range_text(struct go_ranges *ranges, struct go_type_range *range,
		   const struct go_type_name *name, char out[GO_TYPE_NAME_MAX + 1])
{
	size_t bytes = name->bytes;
	bool cut = bytes > GO_TYPE_NAME_MAX;

	if (cut)
		bytes = GO_TYPE_NAME_MAX - strlen(CUT);
	if (!go_range_read(ranges, range, name->text, out, bytes))
		return false;
	/* Not in the middle of a character. */
	while (cut && bytes > 0 && ((uint8_t)out[bytes - 1] & 0x80))
		bytes--;
	if (!utf8_is_clean(out, bytes))
		return false;
	out[bytes] = 0;
	if (cut)
		strcat(out, CUT);
	return true;
}
