/* SPDX-License-Identifier: MIT */
/* The variables in scope at an address: those of the function, of the functions inlined
 * there, and of the blocks that contain the address. */
#include "source/go/locals/private.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "base/order.h"
#include "base/text.h"
#include "source/go/stack.h"

#define DIES_MAX       100000u /* read for one address */
#define DEPTH_MAX      64u
#define STEPS_MAX      (1u << 18) /* entries of location lists read for one address */
#define EXPRESSION_MAX 512u
#define LINE_MAX       100000000u
#define VALUES_MAX     (1u << 20) /* bytes of a variable */

struct search {
	struct go_locals *locals;
	struct go_module *module;
	struct go_locals_scope *out;
	struct go_local list[GO_LOCALS_MAX];
	struct go_location_unit unit;
	uint64_t address; /* in those of the debug information */
	uint64_t steps_left;
	unsigned dies;
	bool optimised;
};

static bool local_flag(Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute memory;
	bool flag = false;

	return dwarf_formflag(dwarf_attr_integrate(die, name, &memory), &flag) == 0 &&
	       flag;
}

static struct go_location_bytes section_bytes(Elf *elf, const char *name)
{
	struct go_location_bytes bytes = {NULL, 0};
	Elf_Scn *section = NULL;
	size_t names;

	if (elf_getshdrstrndx(elf, &names) != 0)
		return bytes;
	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr header;
		const char *own = gelf_getshdr(section, &header)
					  ? elf_strptr(elf, names, header.sh_name)
					  : NULL;
		const Elf_Data *data;

		if (!own || header.sh_type == SHT_NOBITS ||
		    (strcmp(own, name) != 0 &&
		     (!text_starts_with(own, ".z") || strcmp(own + 2, name + 1) != 0)))
			continue;
		/* libdw has decompressed it. */
		data = header.sh_flags & SHF_COMPRESSED ? NULL
							: elf_getdata(section, NULL);
		if (data && data->d_buf)
			bytes = (struct go_location_bytes){data->d_buf, data->d_size};
		return bytes;
	}
	return bytes;
}

static void read_unit(struct go_location_unit *unit, Dwarf_Die *die)
{
	Elf *elf = dwarf_getelf(dwarf_cu_getdwarf(die->cu));
	Dwarf_Half version = 0;

	memset(unit, 0, sizeof(*unit));
	if (!elf || dwarf_cu_info(die->cu, &version, NULL, NULL, NULL, NULL, NULL, NULL))
		return;
	unit->version = version;
	unit->lists = section_bytes(elf, version >= 5 ? ".debug_loclists" : ".debug_loc");
	if (version >= 5)
		unit->addresses = section_bytes(elf, ".debug_addr");
	unit->address_base = local_number(die, DW_AT_addr_base, 0);
	if (dwarf_lowpc(die, &unit->low) != 0)
		unit->low = 0;
}

/* Returns how many bytes of a variable can be read. */
static uint64_t kept_bytes(const struct go_location_bytes *location, uint64_t size)
{
	struct go_part parts[GO_LOCATION_PARTS_MAX];
	size_t nr = go_location_find(location->at, location->length, 0, size, parts);
	uint64_t kept = 0;

	for (size_t i = 0; i < nr; i++)
		kept += parts[i].kind == GO_PART_LOST ? 0 : parts[i].bytes;
	return kept;
}

/* Optimised code keeps a string in two places and a slice in three. If only the first is
 * known, the compiler describes it as if it was the whole. Variables whose address is
 * taken are described in the same way. */
static bool is_doubtful(const struct search *search,
			const struct go_location_bytes *location, uint64_t size)
{
	struct go_part parts[GO_LOCATION_PARTS_MAX];

	return search->optimised && size > 8 &&
	       go_location_find(location->at, location->length, 0, size, parts) == 1;
}

static struct go_location_bytes select_at(struct search *search, uint64_t offset,
					  uint64_t address)
{
	struct go_location_bytes found = {NULL, 0};

	go_location_select(&search->unit, offset, address, &search->steps_left, &found);
	return found;
}

/*
 * Finds the expression for the address, and copies it. While a function is called, its
 * caller's variables may still be in registers by the list, which the callee has since
 * overwritten. The entry for the address behind the call says where they were kept
 * meanwhile.
 */
static struct go_location_bytes read_location(struct search *search, Dwarf_Die *die,
					      uint64_t size, bool *doubtful)
{
	struct go_location_bytes location = {NULL, 0}, behind = {NULL, 0};
	Dwarf_Attribute memory, *attr = dwarf_attr(die, DW_AT_location, &memory);
	Dwarf_Block block;
	Dwarf_Word offset;
	uint8_t *copy;

	*doubtful = false;
	if (!attr)
		return location;
	if (dwarf_formblock(attr, &block) == 0) {
		location = (struct go_location_bytes){block.data, block.length};
	} else if (dwarf_formudata(attr, &offset) == 0) {
		location = select_at(search, offset, search->address);
		*doubtful = is_doubtful(search, &location, size);
		if (*doubtful || kept_bytes(&location, size) < size)
			behind = select_at(search, offset, search->address + 1);
		if (kept_bytes(&behind, size) > kept_bytes(&location, size) ||
		    (*doubtful && behind.length > 0)) {
			location = behind;
			*doubtful = is_doubtful(search, &location, size);
		}
	}
	copy = location.length > 0 && location.length <= EXPRESSION_MAX
		       ? arena_alloc(&search->locals->arena, location.length)
		       : NULL;
	if (!copy)
		return (struct go_location_bytes){NULL, 0};
	memcpy(copy, location.at, location.length);
	return (struct go_location_bytes){copy, location.length};
}

/* Variables of the compiler, such as "text.len", and results without a name, which are
 * set last. */
static bool is_hidden(const char *name)
{
	name += name[0] == '&';
	return !name[0] || name[0] == '~' || name[0] == '#' || strchr(name, '.') ||
	       strcmp(name, "_") == 0;
}

static bool type_die(Dwarf_Die *die, Dwarf_Die *out)
{
	Dwarf_Attribute memory;

	return dwarf_formref_die(dwarf_attr_integrate(die, DW_AT_type, &memory), out) !=
	       NULL;
}

/* The type of a parameter of a generic function is a typedef with the number of a word in
 * the dictionary. */
static uint32_t dictionary_word(Dwarf_Die *type)
{
	uint64_t index = dwarf_tag(type) == DW_TAG_typedef
				 ? local_number(type, DW_AT_GO_DICT_INDEX, UINT32_MAX)
				 : UINT32_MAX;

	return index < 1u << 16 ? (uint32_t)index + 1 : 0;
}

static void add_variable(struct search *search, Dwarf_Die *die, unsigned level)
{
	struct go_locals *locals = search->locals;
	struct go_locals_scope *out = search->out;
	const char *name = dwarf_diename(die);
	struct go_local local = {.level = (uint8_t)level};
	Dwarf_Die type;

	if (name && strcmp(name, ".dict") == 0 && !out->dictionary.at)
		out->dictionary = read_location(search, die, 8, &local.doubtful);
	if (!name || is_hidden(name) || !type_die(die, &type))
		return;
	if (out->nr == GO_LOCALS_MAX) {
		out->cut = true;
		return;
	}
	local.escaped = name[0] == '&';
	local.name = local_text(locals, name + local.escaped);
	local.argument = dwarf_tag(die) == DW_TAG_formal_parameter;
	local.result = local.argument && local_flag(die, DW_AT_variable_parameter);
	local.line = (int)local_number(die, DW_AT_decl_line, 0);
	if (local.line < 0 || local.line > (int)LINE_MAX)
		local.line = 0;
	local.dictionary_word = dictionary_word(&type);
	local.type = local_type_of(locals, search->module, &type);
	if (local.escaped && local.type)
		local.type = go_type_element(local.type);
	if (!local.name || !local.type || local.type->bytes > VALUES_MAX)
		return;
	local.location_size = local.escaped ? 8 : local.type->bytes;
	local.location = read_location(search, die, local.location_size, &local.doubtful);
	local.number = (uint16_t)out->nr;
	search->list[out->nr++] = local;
}

static const char *level_name(struct search *search, Dwarf_Die *die)
{
	const char *name = dwarf_diename(die);
	char text[512];

	if (!name)
		return NULL;
	go_name_short(name, text, sizeof(text));
	return arena_strndup(&search->locals->arena, text, sizeof(text));
}

static void add_children(struct search *search, Dwarf_Die *parent, unsigned level,
			 unsigned depth)
{
	Dwarf_Die die;

	if (depth == DEPTH_MAX || dwarf_child(parent, &die) != 0)
		return;
	do {
		int tag = dwarf_tag(&die);

		if (search->dies++ == DIES_MAX) {
			search->out->cut = true;
			return;
		}
		if (tag == DW_TAG_formal_parameter || tag == DW_TAG_variable)
			add_variable(search, &die, level);
		else if (tag == DW_TAG_lexical_block &&
			 dwarf_haspc(&die, search->address) > 0)
			add_children(search, &die, level, depth + 1);
		else if (tag == DW_TAG_inlined_subroutine &&
			 search->out->nr_levels == level + 1 &&
			 level + 1 < GO_LOCALS_LEVELS &&
			 dwarf_haspc(&die, search->address) > 0) {
			search->out->functions[search->out->nr_levels++] =
				level_name(search, &die);
			add_children(search, &die, level + 1, depth + 1);
		}
	} while (dwarf_siblingof(&die, &die) == 0);
}

static int compare_locals(const void *a, const void *b)
{
	const struct go_local *left = a, *right = b;

	if (left->level != right->level)
		return ORDER(left->level, right->level);
	if (left->argument != right->argument)
		return ORDER(right->argument, left->argument);
	if (!left->argument && left->line != right->line)
		return ORDER(left->line, right->line);
	return ORDER(left->number, right->number);
}

/* An argument that has moved to the heap is described twice: without a location, and by its
 * address there. */
static size_t merge_escaped(struct go_local *list, size_t nr)
{
	size_t kept = 0;

	for (size_t i = 0; i < nr; i++) {
		bool moved = false;

		for (size_t k = 0; k < nr && !list[i].escaped && list[i].argument; k++)
			if (list[k].escaped && list[k].level == list[i].level &&
			    list[k].line == list[i].line &&
			    strcmp(list[k].name, list[i].name) == 0) {
				list[k].argument = moved = true;
				list[k].result = list[i].result;
				list[k].number = list[i].number;
				break;
			}
		if (!moved)
			list[kept++] = list[i];
	}
	return kept;
}

/* Of variables with one name in one function, the last one hides the others. */
static void mark_shadowed(struct go_local *list, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		for (size_t k = i + 1; k < nr && !list[i].shadowed; k++)
			list[i].shadowed = list[k].level == list[i].level &&
					   strcmp(list[k].name, list[i].name) == 0;
}

static bool is_optimised(Dwarf_Die *unit)
{
	Dwarf_Attribute memory;
	const char *producer =
		dwarf_formstring(dwarf_attr(unit, DW_AT_producer, &memory));

	return !producer || !strstr(producer, " -N");
}

bool local_scope_read(struct go_locals *locals, uint64_t pc, struct go_locals_scope *out)
{
	struct symbols_function function;
	struct search *search;
	struct go_local *list;

	memset(out, 0, sizeof(*out));
	if (!symbols_function(locals->symbols, pc, &function) || !local_is_valid(locals))
		return false;
	search = calloc(1, sizeof(*search));
	if (!search)
		return false;
	search->locals = locals;
	search->module = go_module_of(locals->module, pc);
	search->out = out;
	search->address = pc - function.bias;
	search->steps_left = STEPS_MAX;
	search->optimised = is_optimised(&function.unit);
	read_unit(&search->unit, &function.unit);
	out->functions[out->nr_levels++] = level_name(search, &function.die);
	add_children(search, &function.die, 0, 0);
	out->nr = merge_escaped(search->list, out->nr);
	if (out->nr > 1)
		qsort(search->list, out->nr, sizeof(*search->list), compare_locals);
	mark_shadowed(search->list, out->nr);
	list = out->nr ? arena_alloc(&locals->arena, out->nr * sizeof(*list)) : NULL;
	if (list)
		memcpy(list, search->list, out->nr * sizeof(*list));
	else
		out->nr = 0;
	out->list = list;
	free(search);
	return true;
}
