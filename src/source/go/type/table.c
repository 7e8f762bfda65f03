/* SPDX-License-Identifier: MIT */
#include "source/go/type/table.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/intern.h"
#include "source/go/type/descriptor.h"
#include "source/go/type/names.h"

#define SLOTS_FIRST 256u
#define ITABS       1024u /* remembered; a power of two */
#define FIELD_WORDS 3u

struct itab_slot {
	uint64_t address;
	uint32_t turn;
	struct go_itab itab; /* type is NULL if there is none at the address */
};

struct go_types {
	struct go_ranges ranges;
	struct arena arena;
	const struct go_type **slots; /* by address */
	size_t nr_slots, nr;
	uint64_t seed;
	struct go_names names;
	struct itab_slot itabs[ITABS];
	uint32_t turn;
};

struct go_types *go_types_new(struct memory *mem, const struct go_module *module)
{
	struct go_types *types = calloc(1, sizeof(*types));

	if (!types)
		return NULL;
	go_ranges_init(&types->ranges, mem, module);
	arena_init(&types->arena, GO_TYPES_BYTES_MAX);
	types->seed = hash_seed();
	return types;
}

void go_types_free(struct go_types *types)
{
	if (!types)
		return;
	go_names_release(&types->names);
	go_ranges_release(&types->ranges);
	arena_release(&types->arena);
	free(types->slots);
	free(types);
}

size_t go_types_count(const struct go_types *types)
{
	return types->nr;
}

size_t go_types_bytes(const struct go_types *types)
{
	return types->arena.used_bytes + types->ranges.bytes;
}

bool go_types_contain(struct go_types *types, uint64_t address)
{
	return address % 8 == 0 && go_ranges_of(&types->ranges, address);
}

static const struct go_type **slot_of(struct go_types *types, uint64_t address)
{
	size_t at = hash_mix(address, types->seed) & (types->nr_slots - 1);

	while (types->slots[at] && types->slots[at]->address != address)
		at = (at + 1) & (types->nr_slots - 1);
	return &types->slots[at];
}

/* Makes room for one more. */
static bool reserve_slot(struct go_types *types)
{
	size_t before = types->nr_slots;
	const struct go_type **old = types->slots, **slots;

	if (types->nr + 1 <= before / 4 * 3)
		return true;
	if (types->nr >= GO_TYPES_MAX)
		return false;
	slots = calloc(before ? before * 2 : SLOTS_FIRST, sizeof(*slots));
	if (!slots)
		return false;
	types->slots = slots;
	types->nr_slots = before ? before * 2 : SLOTS_FIRST;
	for (size_t i = 0; i < before; i++)
		if (old[i])
			*slot_of(types, old[i]->address) = old[i];
	free(old);
	return true;
}

static const char *name_at(struct go_types *types, struct go_type_range *range,
			   const struct go_type_name *name)
{
	char text[GO_TYPE_NAME_MAX + 1];

	if (!go_range_text(&types->ranges, range, name, text))
		return NULL;
	return arena_strndup(&types->arena, text, sizeof(text));
}

/* Finds the fields of a struct. Those whose names or offsets are invalid are left out. */
static void find_fields(struct go_types *types, const struct go_type *type,
			const struct go_descriptor *descriptor)
{
	uint64_t address = descriptor->words[1], nr = descriptor->words[2];
	struct go_type_range *range = go_ranges_of(&types->ranges, address);
	struct go_field *fields;
	size_t count = 0;

	if (!range || nr == 0)
		return;
	if (nr > GO_TYPE_FIELDS_MAX)
		nr = GO_TYPE_FIELDS_MAX;
	fields = arena_alloc(&types->arena, nr * sizeof(*fields));
	for (size_t i = 0; fields && i < nr; i++) {
		struct go_field *field = &fields[count];
		struct go_type_range *names;
		struct go_type_name name;
		uint64_t words[FIELD_WORDS];

		if (!go_range_read(&types->ranges, range, address + i * sizeof(words),
				   words, sizeof(words)))
			break;
		names = go_ranges_of(&types->ranges, words[0]);
		if (!names || !go_range_name(&types->ranges, names, words[0], &name))
			continue;
		field->name = name_at(types, names, &name);
		field->embedded =
			range->shifted ? words[2] & 1 : name.flags & GO_NAME_EMBEDDED;
		field->offset = range->shifted ? words[2] >> 1 : words[2];
		field->type = go_types_at(types, words[1]);
		if (!field->name || field->offset > type->bytes ||
		    (field->type && field->type->bytes > type->bytes - field->offset))
			continue;
		count++;
	}
	type->rest->fields = fields;
	type->rest->nr_fields = count;
}

static bool array_fits(const struct go_type *type, const struct go_type *element)
{
	return element->bytes == 0 ? type->bytes == 0
				   : type->bytes / element->bytes == type->length &&
					     type->bytes % element->bytes == 0;
}

static void find_rest(const struct go_type *type, void *ctx)
{
	struct go_types *types = ctx;
	struct go_type_range *range = go_ranges_of(&types->ranges, type->address);
	struct go_type_rest *rest = type->rest;
	struct go_descriptor descriptor;

	if (!range ||
	    !go_descriptor_read(&types->ranges, range, type->address, &descriptor))
		return;
	switch (type->kind) {
	case GO_KIND_POINTER:
	case GO_KIND_SLICE:
	case GO_KIND_CHAN:
	case GO_KIND_ARRAY:
		rest->element = go_types_at(types, descriptor.words[0]);
		if (type->kind == GO_KIND_ARRAY && rest->element &&
		    !array_fits(type, rest->element))
			rest->element = NULL;
		break;
	case GO_KIND_MAP:
		rest->key = go_types_at(types, descriptor.words[0]);
		rest->element = go_types_at(types, descriptor.words[1]);
		if (!rest->key || !rest->element ||
		    !go_descriptor_map(&types->ranges, &descriptor, &rest->map))
			rest->map.group_bytes = 0;
		break;
	case GO_KIND_STRUCT:
		find_fields(types, type, &descriptor);
		break;
	default:
		break;
	}
}

static const char *package_of(struct go_types *types, struct go_type_range *range,
			      const struct go_descriptor *descriptor)
{
	uint64_t address = go_descriptor_package(&types->ranges, range, descriptor);
	struct go_type_name name;
	const char *package = NULL;

	if (address && go_range_name(&types->ranges, range, address, &name))
		package = name_at(types, range, &name);
	return package ? package : "";
}

static const struct go_type *add_type(struct go_types *types, uint64_t address)
{
	struct go_type_range *range = go_ranges_of(&types->ranges, address);
	struct go_descriptor descriptor;
	struct go_type *type;

	if (!range || !go_descriptor_read(&types->ranges, range, address, &descriptor))
		return NULL;
	type = arena_alloc(&types->arena, sizeof(*type));
	if (!type)
		return NULL;
	*type = (struct go_type){
		.address = address,
		.name = name_at(types, range, &descriptor.name),
		.package = package_of(types, range, &descriptor),
		.kind = (enum go_kind)descriptor.kind,
		.alignment = descriptor.alignment,
		.named = descriptor.named,
		.direct = descriptor.direct,
		.bytes = descriptor.bytes,
		.pointer_bytes = descriptor.pointer_bytes,
		.rest = arena_alloc(&types->arena, sizeof(*type->rest)),
	};
	if (type->kind == GO_KIND_ARRAY || type->kind == GO_KIND_INTERFACE)
		type->length = descriptor.words[2];
	if (!type->rest || !type->name || !reserve_slot(types))
		return NULL;
	*type->rest = (struct go_type_rest){.find = find_rest, .ctx = types};
	*slot_of(types, address) = type;
	types->nr++;
	return type;
}

const struct go_type *go_types_at(struct go_types *types, uint64_t address)
{
	const struct go_type *type = types->nr_slots ? *slot_of(types, address) : NULL;

	return type ? type : add_type(types, address);
}

const struct go_type *go_types_in(struct go_types *types, const struct go_module *module,
				  uint64_t offset)
{
	const struct go_type_range *range = go_ranges_in(&types->ranges, module);

	return range && offset < range->end - range->types
		       ? go_types_at(types, range->types + offset)
		       : NULL;
}

static bool is_code(const struct go_types *types, uint64_t address)
{
	const struct go_module *module = types->ranges.module;

	while (module &&
	       (address < module->table.min_pc || address >= module->table.max_pc))
		module = module->next;
	return module != NULL;
}

/*
 * A table that the compiler has made has the hash of the type; one that the runtime has
 * made has 0, and the address of a method or -1 if nobody calls it.
 */
static bool hash_fits(struct go_types *types, const uint64_t words[4])
{
	struct go_type_range *range = go_ranges_of(&types->ranges, words[1]);
	uint8_t bytes[4];

	if ((uint32_t)words[2] == 0)
		return words[3] == UINT64_MAX || is_code(types, words[3]);
	return words[3] && range &&
	       go_range_read(&types->ranges, range, words[1] + 16, bytes,
			     sizeof(bytes)) &&
	       load_u32(bytes) == (uint32_t)words[2];
}

static void read_itab(struct go_types *types, uint64_t address, struct go_itab *itab)
{
	const struct go_type *interface, *type;
	uint64_t words[4]; /* the interface, the type, its hash, the first method */

	if (!memory_read(types->ranges.mem, address, words, sizeof(words)))
		return;
	interface = go_types_at(types, words[0]);
	if (!interface || interface->kind != GO_KIND_INTERFACE || interface->length == 0)
		return;
	type = go_types_at(types, words[1]);
	if (type && hash_fits(types, words))
		*itab = (struct go_itab){interface, type};
}

void go_types_turn(struct go_types *types)
{
	types->turn++;
}

bool go_types_itab(struct go_types *types, uint64_t address, struct go_itab *itab)
{
	struct itab_slot *slot =
		&types->itabs[hash_mix(address, types->seed) & (ITABS - 1)];

	if (!address || address % 8 != 0)
		return false;
	/* One is never changed or removed, but an address may become one. */
	if (slot->address != address || (!slot->itab.type && slot->turn != types->turn)) {
		*slot = (struct itab_slot){.address = address, .turn = types->turn};
		read_itab(types, address, &slot->itab);
	}
	*itab = slot->itab;
	return itab->type != NULL;
}

static const struct go_type *find_named(struct go_types *types, const char *name,
					const char *package, bool scanned)
{
	const struct go_type *type;
	uint64_t address;

	for (unsigned turn = 0; (address = go_names_find(&types->names, &types->ranges,
							 name, scanned, turn)) != 0;
	     turn++) {
		type = go_types_at(types, address);
		if (go_type_is(type, name, package))
			return type;
	}
	return NULL;
}

const struct go_type *go_types_named(struct go_types *types, const char *name,
				     const char *package)
{
	const struct go_type *type = find_named(types, name, package, false);
	char pointer[GO_TYPE_NAME_MAX + 1];

	if (type || strlen(name) + 1 > GO_TYPE_NAME_MAX)
		return type;
	/* Before Go 1.27, only types without a name are listed. */
	pointer[0] = '*';
	strcpy(pointer + 1, name);
	type = find_named(types, pointer, package, false);
	type = type ? go_type_element(type) : NULL;
	if (go_type_is(type, name, package))
		return type;
	/* Nor is a pointer to it, if the program has no use for its type. */
	return name[0] == '*' ? NULL : find_named(types, name, package, true);
}
