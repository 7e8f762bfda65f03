/* SPDX-License-Identifier: MIT */
/* Finds the file and line of an address, and the functions inlined there, in the debug
 * information. If it has no index of addresses (clang writes none), an index of the
 * compile units is built once for the module. */
#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/order.h"
#include "source/elf/image.h"
#include "source/symbols/private.h"

#define UNITS_MAX     50000u
#define RANGES_MAX    400000u
#define LINES_MAX     (1u << 20)
#define LINES_TRUSTED (8u << 20)
#define LINES_KEPT    40u /* bytes of memory per byte in the file, at most */

/* A unit of an untrusted file whose line numbers were requested. */
struct line_unit {
	const void *unit;
	bool fits;
	UT_hash_handle hh;
};

struct unit_range {
	uint64_t start; /* in addresses of the debug information */
	uint64_t end;
	Dwarf_Die *unit;
};

struct unit_table {
	Dwfl_Module *mod;
	Dwarf_Addr bias;
	struct unit_range *ranges; /* sorted by start */
	size_t nr_ranges;
	size_t cap_ranges;
	struct unit_table *next;
};

void symbols_units_release(struct symbols *symbols)
{
	while (symbols->units) {
		struct unit_table *next = symbols->units->next;

		free(symbols->units->ranges);
		free(symbols->units);
		symbols->units = next;
	}
	symbols_scopes_release(symbols);
}

static bool add_range(struct unit_table *table, Dwarf_Addr start, Dwarf_Addr end,
		      Dwarf_Die *unit)
{
	if (start >= end || start == 0)
		return true;
	if (!array_reserve_most(&table->ranges, &table->cap_ranges, table->nr_ranges + 1,
				RANGES_MAX))
		return false;
	table->ranges[table->nr_ranges++] = (struct unit_range){start, end, unit};
	return true;
}

static int compare_ranges(const void *a, const void *b)
{
	const struct unit_range *left = a;
	const struct unit_range *right = b;

	return ORDER(left->start, right->start);
}

static struct unit_table *unit_table(struct symbols *symbols, Dwfl_Module *mod)
{
	struct unit_table *table;
	Dwarf_Die *unit = NULL;
	bool room = true;

	for (table = symbols->units; table; table = table->next)
		if (table->mod == mod)
			return table;
	table = calloc(1, sizeof(*table));
	if (!table)
		return NULL;
	table->mod = mod;
	for (size_t i = 0; i < UNITS_MAX && room; i++) {
		Dwarf_Addr base = 0, start, end;
		ptrdiff_t at = 0;

		unit = dwfl_module_nextcu(mod, unit, &table->bias);
		if (!unit)
			break;
		while (room && (at = dwarf_ranges(unit, at, &base, &start, &end)) > 0)
			room = add_range(table, start, end, unit);
	}
	if (table->nr_ranges)
		qsort(table->ranges, table->nr_ranges, sizeof(table->ranges[0]),
		      compare_ranges);
	table->next = symbols->units;
	symbols->units = table;
	return table;
}

Dwarf_Die *symbols_unit(struct symbols *symbols, Dwfl_Module *mod, uint64_t address,
			Dwarf_Addr *bias)
{
	Dwarf_Die *unit = dwfl_module_addrdie(mod, address, bias);

	if (unit)
		return unit;
	const struct unit_table *table = unit_table(symbols, mod);

	if (!table)
		return NULL;
	*bias = table->bias;
	size_t low = ORDER_COUNT_UP_TO(table->ranges, table->nr_ranges, start,
				       address - *bias);

	if (low == 0 || address - *bias >= table->ranges[low - 1].end)
		return NULL;
	return table->ranges[low - 1].unit;
}

static const char *die_name(struct symbols *symbols, Dwarf_Die *die)
{
	Dwarf_Attribute memory;
	Dwarf_Attribute *attr = dwarf_attr_integrate(die, DW_AT_linkage_name, &memory);
	const char *name = attr ? dwarf_formstring(attr) : NULL;

	if (!name)
		name = dwarf_diename(die);
	return name ? symbols_readable(symbols, name) : NULL;
}

static const char *unit_folder(Dwarf_Die *unit)
{
	Dwarf_Attribute memory;
	Dwarf_Attribute *attr = dwarf_attr(unit, DW_AT_comp_dir, &memory);

	return attr ? dwarf_formstring(attr) : NULL;
}

/* Sets the file and line where an inlined function was called. */
static void inline_call_site(struct symbols *symbols, Dwarf_Die *die, Dwarf_Die *unit,
			     struct frame *outer)
{
	Dwarf_Attribute memory;
	Dwarf_Files *files;
	Dwarf_Word value;
	size_t nr_files;

	outer->file = NULL;
	outer->line = 0;
	if (dwarf_formudata(dwarf_attr(die, DW_AT_call_file, &memory), &value) == 0 &&
	    dwarf_getsrcfiles(unit, &files, &nr_files) == 0 && value < nr_files)
		outer->file = symbols_source_file(symbols,
						  dwarf_filesrc(files, value, NULL, NULL),
						  unit_folder(unit));
	if (dwarf_formudata(dwarf_attr(die, DW_AT_call_line, &memory), &value) == 0 &&
	    value < 10000000)
		outer->line = (int)value;
}

/* Inserts the frames that were inlined at address before frames[0]. */
static size_t add_inlined(struct symbols *symbols, Dwarf_Die *unit, uint64_t address,
			  struct frame *frames, size_t max)
{
	Dwarf_Die scopes[SYMBOLS_INLINES_MAX];
	size_t nr_scopes =
		symbols_scopes(symbols, unit, address, scopes,
			       max < SYMBOLS_INLINES_MAX ? max : SYMBOLS_INLINES_MAX);
	struct frame outer = frames[0];
	size_t count = 0;

	if (nr_scopes == 0)
		return 1;
	while (nr_scopes-- > 1) {
		frames[count].function = die_name(symbols, &scopes[nr_scopes]);
		frames[count++].inlined = true;
		frames[count] = outer;
		inline_call_site(symbols, &scopes[nr_scopes], unit, &frames[count]);
	}
	if (!outer.function)
		frames[count].function = die_name(symbols, &scopes[0]);
	return count + 1;
}

/* Returns the section that libdw reads line numbers from. */
static const Elf_Data *line_section(Elf *elf)
{
	Elf_Scn *section = NULL;
	size_t names;

	if (elf_getshdrstrndx(elf, &names) != 0)
		return NULL;
	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr header;
		const char *name = gelf_getshdr(section, &header)
					   ? elf_strptr(elf, names, header.sh_name)
					   : NULL;

		if (name && header.sh_type != SHT_NOBITS &&
		    (strcmp(name, ".debug_line") == 0 ||
		     strcmp(name, ".zdebug_line") == 0))
			return elf_getdata(section, NULL);
	}
	return NULL;
}

/* Returns the size of the unit's line numbers, or 0 if it has none. */
static uint64_t line_bytes(Elf *elf, Dwarf_Die *unit)
{
	const Elf_Data *data = line_section(elf);
	Dwarf_Attribute memory;
	Dwarf_Word at;
	uint32_t length;
	uint64_t wide;

	if (!data || !data->d_buf ||
	    dwarf_formudata(dwarf_attr(unit, DW_AT_stmt_list, &memory), &at) != 0 ||
	    at > data->d_size || data->d_size - at < sizeof(length) + sizeof(wide))
		return 0;
	memcpy(&length, (const char *)data->d_buf + at, sizeof(length));
	memcpy(&wide, (const char *)data->d_buf + at + sizeof(length), sizeof(wide));
	return length == UINT32_MAX ? wide : length;
}

/* Returns true if libdw may read the unit's line numbers, which takes a hundred bytes of
 * memory per byte temporarily and forty permanently. */
static bool lines_fit(struct symbols *symbols, Dwfl_Module *mod, Dwarf_Die *unit)
{
	struct file_budget *budget = &symbols->files.budget;
	Elf *elf = dwarf_getelf(dwarf_cu_getdwarf(unit->cu));
	const char *ident = elf ? elf_getident(elf, NULL) : NULL;
	struct line_unit *known;

	if (!ident || ident[EI_NIDENT - 1] != ELF_IMAGE_MARK)
		return elf && line_bytes(elf, unit) <= LINES_TRUSTED;
	HASH_FIND_PTR(symbols->line_units, &unit->addr, known);
	if (known)
		return known->fits;
	uint64_t bytes = line_bytes(elf, unit);

	known = calloc(1, sizeof(*known));
	if (!known)
		return false;
	known->unit = unit->addr;
	known->fits = bytes <= LINES_MAX && file_budget_take(budget, LINES_KEPT * bytes);
	if (!known->fits)
		file_budget_say(
			budget, "line numbers",
			dwfl_module_info(mod, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
			"they would take too much memory");
	HASH_ADD_PTR(symbols->line_units, unit, known);
	return known->fits;
}

void symbols_line_units_release(struct symbols *symbols)
{
	struct line_unit *unit, *next;

	HASH_ITER (hh, symbols->line_units, unit, next) {
		HASH_DEL(symbols->line_units, unit);
		free(unit);
	}
}

size_t symbols_lines(struct symbols *symbols, Dwfl_Module *mod, uint64_t address,
		     struct frame *frames, size_t max)
{
	Dwarf_Addr bias = 0;
	Dwarf_Die *unit = symbols_unit(symbols, mod, address, &bias);
	Dwarf_Line *line = unit && lines_fit(symbols, mod, unit)
				   ? dwarf_getsrc_die(unit, address - bias)
				   : NULL;
	int number = 0;

	if (!line)
		return 1;
	frames[0].file = symbols_source_file(symbols, dwarf_linesrc(line, NULL, NULL),
					     unit_folder(unit));
	if (dwarf_lineno(line, &number) == 0 && number > 0)
		frames[0].line = number;
	return add_inlined(symbols, unit, address - bias, frames, max);
}
